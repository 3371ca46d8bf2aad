const days = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const date = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' })
const count = new Intl.NumberFormat('en')

export function formatPrice(amount, currency) {
  return new Intl.NumberFormat('en-IE', { style: 'currency', currency }).format(amount)
}

/** `3 days ago` for what is fresh, the date for the rest. */
export function formatDay(iso) {
  const at = new Date(iso)
  const passed = Math.round((startOfDay(at) - startOfDay(new Date())) / 86_400_000)
  return passed > -7 ? days.format(passed, 'day') : date.format(at)
}

/** Loyalty amounts arrive as text. */
export function formatCoins(amount) {
  return count.format(Number(amount))
}

function startOfDay(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()
}

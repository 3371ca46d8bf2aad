/** A product as the shop's plugin sends it and as the search gives it back. */
export interface Product {
  readonly externalId: string
  readonly name: string
  readonly description: string
  readonly category: string
  readonly price: number
  readonly currency: string
  readonly url: string
  readonly imageUrl: string
  readonly inStock: boolean
  readonly parentExternalId?: string
}

type Row = readonly [
  id: string,
  name: string,
  category: string,
  price: number,
  picture: string,
  colour: string,
  description: string,
]

// Fern & Kettle: things for the trail, the kettle and the room you come home to.
const rows: readonly Row[] = [
  [
    'fk-101',
    'Larch 28 Daypack',
    'Outdoor',
    89,
    '🎒',
    '#dfe8d8',
    'A light hiking backpack with a rain cover and room for a thermos.',
  ],
  [
    'fk-102',
    'Ridgeline Rain Jacket',
    'Outdoor',
    149,
    '🧥',
    '#d5e3ea',
    'Waterproof shell for hiking, three layers, packs into its own pocket.',
  ],
  [
    'fk-103',
    'Two-Season Tent',
    'Outdoor',
    219,
    '⛺',
    '#e8e3d0',
    'Camping tent for two people, pitched in five minutes.',
  ],
  [
    'fk-104',
    'Merino Hiking Socks',
    'Outdoor',
    18,
    '🧦',
    '#ead9d5',
    'Warm wool socks that stay dry on long trails.',
  ],
  [
    'fk-105',
    'Trail Thermos 750 ml',
    'Outdoor',
    34,
    '🧴',
    '#d9e5e2',
    'Steel bottle, keeps coffee and tea hot for twelve hours.',
  ],
  [
    'fk-106',
    'Ember Camping Stove',
    'Outdoor',
    59,
    '🔥',
    '#f0ddcb',
    'A small gas stove that boils half a litre in two minutes.',
  ],
  [
    'fk-107',
    'Pine Head Lamp',
    'Outdoor',
    42,
    '🔦',
    '#e6e6d2',
    'Rechargeable lamp, 400 lumen, with a red light for the tent.',
  ],
  [
    'fk-108',
    'Down Sleeping Bag',
    'Outdoor',
    189,
    '🛏️',
    '#dcdff0',
    'For camping nights down to minus five degrees.',
  ],
  [
    'fk-201',
    'House Blend Beans 500 g',
    'Coffee',
    13.5,
    '☕',
    '#e7d8c9',
    'Medium roast coffee beans with notes of nougat and cherry.',
  ],
  [
    'fk-202',
    'Yirgacheffe Beans 250 g',
    'Coffee',
    11.9,
    '🌸',
    '#f1dfe2',
    'Light roast Ethiopian coffee beans, floral, for filter.',
  ],
  [
    'fk-203',
    'Swiss Water Decaf 250 g',
    'Coffee',
    11.5,
    '🌙',
    '#dad9e8',
    'Decaf coffee beans for the evening, cocoa and caramel.',
  ],
  [
    'fk-204',
    'Gooseneck Kettle',
    'Coffee',
    69,
    '🫖',
    '#d8e2dc',
    'A slow, exact pour for filter coffee and tea.',
  ],
  [
    'fk-205',
    'Pour-Over Dripper',
    'Coffee',
    24,
    '🫗',
    '#ece4d6',
    'Ceramic dripper for one to two cups of filter coffee.',
  ],
  [
    'fk-206',
    'Hand Grinder',
    'Coffee',
    84,
    '⚙️',
    '#dedede',
    'Steel burr coffee grinder, small enough for the daypack.',
  ],
  [
    'fk-207',
    'Espresso Pot, 4 cups',
    'Coffee',
    32,
    '♨️',
    '#e9d9d0',
    'Moka pot for the stove at home or the camping stove.',
  ],
  [
    'fk-208',
    'Paper Filters, 100',
    'Coffee',
    5.9,
    '📄',
    '#efece4',
    'Unbleached paper filters for the pour-over dripper.',
  ],
  [
    'fk-301',
    'Stoneware Mug',
    'Home',
    16,
    '🍵',
    '#d7e3d7',
    'A heavy hand-made mug for coffee and tea.',
  ],
  [
    'fk-302',
    'Linen Throw',
    'Home',
    79,
    '🧣',
    '#eadfce',
    'A soft washed linen blanket for the sofa.',
  ],
  [
    'fk-303',
    'Beeswax Candle',
    'Home',
    14,
    '🕯️',
    '#f3e6c4',
    'Pure beeswax, burns for thirty hours.',
  ],
  [
    'fk-304',
    'Oak Serving Board',
    'Home',
    38,
    '🪵',
    '#e5d5c0',
    'Oiled oak board for bread and cheese.',
  ],
  ['fk-305', 'Reading Lamp', 'Home', 95, '💡', '#f2ead0', 'Warm dimmable lamp with a linen shade.'],
  [
    'fk-306',
    'Wool Blanket',
    'Home',
    110,
    '🐑',
    '#e3dcd6',
    'Thick wool blanket, warm at home and by the camp fire.',
  ],
  ['fk-307', 'Fern in a Pot', 'Home', 22, '🌿', '#d3e4cf', 'An undemanding fern for shady rooms.'],
  [
    'fk-308',
    'Storage Basket',
    'Home',
    29,
    '🧺',
    '#ebe0cb',
    'Woven basket for blankets, toys or firewood.',
  ],
]

/** The demo assortment, with links into the given shop. */
export function demoProducts(shopUrl: string): Product[] {
  return rows.map(([externalId, name, category, price, picture, colour, description]) => ({
    externalId,
    name,
    description,
    category,
    price,
    currency: 'EUR',
    url: `${shopUrl.replace(/\/+$/, '')}/products/${slug(name)}`,
    imageUrl: drawing(picture, colour),
    inStock: externalId !== 'fk-108',
  }))
}

export const trendingQueries: readonly string[] = [
  'coffee beans',
  'rain jacket',
  'camping stove',
  'filter coffee',
  'wool blanket',
  'hiking socks',
  'mug',
  'head lamp',
  'thermos',
  'candle',
]

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')
}

/** Inside the answer itself, so that the demo shop shows pictures without a network. */
function drawing(picture: string, colour: string): string {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" rx="8" fill="${colour}"/>` +
    `<text x="48" y="62" font-size="44" text-anchor="middle">${picture}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

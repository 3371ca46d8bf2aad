import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Principal } from '../../src/identity/principal.ts'
import { checkBody } from '../../src/policy/ownership-body.ts'
import type { Binding, BodyField, Route } from '../../src/provider.ts'
import { codeOf } from '../support/code-of.ts'
import { fakeUpstream } from '../support/fake-upstream.ts'
import { anonymous, customer, service } from '../support/principals.ts'

const upstream = fakeUpstream({
  personal: ['account_id', 'customer_id', 'email', 'mobile', 'referral_code'],
  choices: { kinds: ['share', 'like'] },
})
const ACCOUNT = 'acc-alice'
const alice = customer('1001')

const ids: readonly Binding[] = [
  { in: 'body', name: 'account_id', to: 'account', fill: true },
  { in: 'body', name: 'customer_id', to: 'customer', fill: true },
]
const redeem = route(ids, [{ name: 'offer' }, { name: 'step' }, { name: 'trace' }])
const report = route(ids, [{ name: 'kind', choices: 'kinds' }, { name: 'trace' }])
const person = route([], [{ name: 'detail.born' }, { name: 'detail.city' }])
const review = route(
  ids.map(({ in: place, name, to }) => ({ in: place, name, to })),
  [{ name: 'text' }],
)

describe('a body', () => {
  test.each([
    ['that names nobody', '{"offer":"o1"}', '{"account_id":"acc-alice","offer":"o1"}'],
    ['that is empty', '{}', '{"account_id":"acc-alice"}'],
    ['that is empty but for a space', '{ }', '{"account_id":"acc-alice" }'],
    ['behind white space', ' \n{"offer":"o1"}\n', ' \n{"account_id":"acc-alice","offer":"o1"}\n'],
    [
      'with a large number',
      '{"step":12345678901234567890}',
      '{"account_id":"acc-alice","step":12345678901234567890}',
    ],
    ['with umlauts', '{"offer":"Käse 🧀"}', '{"account_id":"acc-alice","offer":"Käse 🧀"}'],
    ['in the other spelling', '{"customer_id":"1001"}', '{"customer_id":"acme-1001"}'],
    [
      'in other spelling, with more',
      '{"offer":"Käse 🧀","customer_id": "1001" ,"step":1}',
      '{"offer":"Käse 🧀","customer_id": "acme-1001" ,"step":1}',
    ],
    [
      'with both ids, one in the other spelling',
      '{"customer_id":"1001","account_id":"acc-alice"}',
      '{"customer_id":"acme-1001","account_id":"acc-alice"}',
    ],
  ])('%s gets the own id', (_what, sent, expected) => expect(bound(redeem, sent)).toBe(expected))

  test.each([
    '{"account_id":"acc-alice"}',
    '{"customer_id":"acme-1001"}',
    '{"account_id":"acc-alice","customer_id":"acme-1001"}',
    '{ "offer" : "a\\u0041\\n" , "account_id":"acc-alice", "step":1.0e+2 }',
    '{"offer":null,"step":true,"trace":[1,{"a":[]},"x"],"account_id":"acc-alice"}',
  ])('that needs no change passes unchanged: %s', (sent) => expect(bound(redeem, sent)).toBe(sent))

  test('gets the customer where the account is not known', () => {
    expect(bound(redeem, '{"offer":"o"}', { account: null })).toBe(
      '{"customer_id":"acme-1001","offer":"o"}',
    )
    expect(ask(redeem, '{"account_id":"acc-alice"}', { account: null })).toBe(
      'policy/subject-mismatch',
    )
    expect(bound(redeem, '{"customer_id":"acme-1001"}', { account: null })).toBe(
      '{"customer_id":"acme-1001"}',
    )
  })

  test('gets no id where the route takes none by itself', () => {
    expect(bound(review, '{"text":"good"}')).toBe('{"text":"good"}')
    expect(bound(review, '{"account_id":"acc-alice"}')).toBe('{"account_id":"acc-alice"}')
    expect(ask(review, '{"account_id":"acc-bob"}')).toBe('policy/subject-mismatch')
  })

  test('writes an odd id as JSON', () => {
    expect(bound(redeem, '{}', { account: 'a"b\\' })).toBe('{"account_id":"a\\"b\\\\"}')
  })
})

describe('an id that is not the shopper’s is refused', () => {
  test.each([
    ['another account', '{"account_id":"acc-bob"}'],
    ['another customer', '{"customer_id":"acme-1002"}'],
    ['another customer, bare', '{"customer_id":"1002"}'],
    ['an own and another id', '{"account_id":"acc-alice","customer_id":"acme-1002"}'],
    ['another and an own id', '{"customer_id":"acme-1001","account_id":"acc-bob"}'],
    ['an empty account', '{"account_id":""}'],
    ['an empty customer', '{"customer_id":""}'],
    ['null', '{"account_id":null}'],
    ['a number', '{"customer_id":1001}'],
    ['a list', '{"account_id":["acc-alice"]}'],
    ['an empty list', '{"customer_id":[]}'],
    ['true', '{"account_id":true}'],
    ['other case', '{"account_id":"ACC-ALICE"}'],
    ['white space', '{"account_id":"acc-alice "}'],
    ['an e-mail address', '{"email":"alice@example.com"}'],
    ['a mobile number', '{"mobile":"+491"}'],
    ['a referral code', '{"referral_code":"A1"}'],
    ['an upper-case name', '{"ACCOUNT_ID":"acc-bob"}'],
    ['a camel-case name', '{"accountId":"acc-bob"}'],
    ['a name with a dash', '{"account-id":"acc-bob"}'],
    ['a name without anything', '{"accountid":"acc-bob"}'],
    ['an id in an object', '{"offer":{"account_id":"acc-bob"}}'],
    ['an own id in an object', '{"trace":{"account_id":"acc-alice"}}'],
    ['an id in a list', '{"trace":[{"customer_id":"acme-1002"}]}'],
    ['an id deep down', '{"trace":{"a":[[{"b":{"Customer_ID":"acme-1002"}}]]}}'],
    ['an e-mail address deep down', '{"trace":[[{"EMail":"x"}]]}'],
  ])('%s', (_what, sent) => expect(ask(redeem, sent)).toBe('policy/subject-mismatch'))
})

describe('a body that two readers could understand differently is malformed', () => {
  test.each([
    ['the same id twice', '{"account_id":"acc-alice","account_id":"acc-alice"}'],
    ['an own and another id', '{"account_id":"acc-alice","account_id":"acc-bob"}'],
    ['a harmless name twice', '{"offer":"a","offer":"b"}'],
    ['a name twice deep down', '{"trace":{"a":{"b":1,"b":2}}}'],
    ['a name twice in a list', '{"trace":[{"b":1,"b":2}]}'],
    ['an escaped name', '{"account\\u005fid":"acc-bob"}'],
    ['an escaped letter', '{"\\u0061ccount_id":"acc-bob"}'],
    ['an escaped name deep down', '{"trace":{"\\u0065mail":"x"}}'],
    ['full-width letters', '{"ａccount_id":"acc-bob"}'],
    ['a name with a NUL', '{"account_id\\u0000":"acc-bob"}'],
    ['white space in a name', '{"account_id ":"acc-bob"}'],
    ['an empty name', '{"":"acc-bob"}'],
    ['brackets', '{"account_id[]":"acc-bob"}'],
    ['a name of Object.prototype', '{"__proto__":{"account_id":"acc-bob"}}'],
    ['another name of Object.prototype', '{"constructor":1}'],
    ['an encoded own account', '{"account_id":"acc\\u002dalice"}'],
    ['an encoded own customer', '{"customer_id":"acme\\u002d1001"}'],
    ['a field that is not listed', '{"wallet":"w1"}'],
    ['an own id in a field that is not listed', '{"wallet":{"account_id":"acc-alice"}}'],
    ['an id that is an object', '{"account_id":{"id":"acc-alice"}}'],
    ['an object that is not listed', '{"wallet":{}}'],
    ['a listed field in other case', '{"Offer":"o1"}'],
    ['a listed field deep down only', '{"wallet":{"offer":"o1"}}'],
    ['a list', '[{"account_id":"acc-alice"}]'],
    ['an empty list', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['text', '"account_id"'],
    ['nothing', ''],
    ['white space', ' '],
    ['two objects', '{"offer":"a"}{"account_id":"acc-bob"}'],
    ['something behind it', '{"offer":"a"} x'],
    ['a comment', '{"offer":"a"/*,*/}'],
    ['a line comment', '{"offer":"a"}//'],
    ['a comma at the end', '{"offer":"a",}'],
    ['single quotes', "{'offer':'a'}"],
    ['no quotes', '{offer:"a"}'],
    ['NaN', '{"step":NaN}'],
    ['a bare line break in a text', '{"offer":"a\nb"}'],
    ['a byte order mark', '\ufeff{"offer":"a"}'],
    ['a form', 'offer=a&account_id=acc-bob'],
    ['33 levels', `{"trace":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['a thousand levels', `{"trace":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['100 000 levels', '['.repeat(100_000)],
    ['a name of 65 characters', `{"${'a'.repeat(65)}":1}`],
  ])('%s', (_what, sent) => expect(ask(redeem, sent)).toBe('downstream/malformed'))

  test('many lists and objects beside each other are fine', () => {
    const sent = `{"account_id":"acc-alice","trace":[${'[],{},{"a":[]},'.repeat(40)}1]}`
    expect(bound(redeem, sent)).toBe(sent)
  })

  test('32 levels are fine', () => {
    const sent = `{"account_id":"acc-alice","trace":${'['.repeat(31)}${']'.repeat(31)}}`
    expect(bound(redeem, sent)).toBe(sent)
  })

  test.each([
    ['UTF-16', Buffer.from('{"offer":"a"}', 'utf16le')],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong quote', Buffer.from([0x7b, 0xc0, 0xa2, 0x7d])],
    ['a value that is not UTF-8', Buffer.from([...Buffer.from('{"offer":"'), 0xff, 0x22, 0x7d])],
    ['a lone surrogate', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
  ])('%s', (_what, sent) => expect(ask(redeem, sent)).toBe('downstream/malformed'))

  test('no body at all', () => {
    expect(codeOf(() => checkBody(redeem, null, alice, upstream))).toBe('downstream/malformed')
  })

  test('a stream is longer than the call takes', () => {
    const stream = { stream: (async function* () {})(), length: null }
    expect(codeOf(() => checkBody(redeem, stream, alice, upstream))).toBe(
      'downstream/body-too-large',
    )
  })
})

describe('an object of which only some children may be sent', () => {
  test.each([
    '{"detail":{"born":"1990-01-01"}}',
    '{"detail":{"born":"1","city":"x"}}',
    '{"detail":{}}',
  ])('passes with those: %s', (sent) => expect(bound(person, sent)).toBe(sent))

  test.each([
    ['another child', '{"detail":{"coins":1}}'],
    ['another child beside it', '{"detail":{"born":"1","coins":1}}'],
    ['the child at the top', '{"born":"1"}'],
    ['text', '{"detail":"born"}'],
    ['null', '{"detail":null}'],
    ['a list', '{"detail":[]}'],
    ['a list of it', '{"detail":[{"born":"1"}]}'],
    ['a child of the child', '{"detail":{"born":{"x":1}}}'],
    ['another object beside it', '{"detail":{"born":"1"},"wallet":{}}'],
    ['another object in it', '{"detail":{"coins":{}}}'],
  ])('is malformed with %s', (_what, sent) =>
    expect(ask(person, sent)).toBe('downstream/malformed'),
  )

  test('names nobody', () => {
    expect(ask(person, '{"detail":{"email":"x"}}')).toBe('policy/subject-mismatch')
  })

  test('takes any of them where it is listed whole as well', () => {
    const whole = route([], [{ name: 'detail' }, { name: 'detail.born' }])
    expect(bound(whole, '{"detail":{"coins":1}}')).toBe('{"detail":{"coins":1}}')
  })
})

describe('a field with choices', () => {
  test.each(['share', 'like'])('holds one of them: %s', (kind) => {
    expect(bound(report, `{"kind":"${kind}"}`)).toBe(`{"account_id":"acc-alice","kind":"${kind}"}`)
  })

  test.each([
    ['another one', '{"kind":"buy"}'],
    ['other case', '{"kind":"Share"}'],
    ['both', '{"kind":"share,like"}'],
    ['a list', '{"kind":["share"]}'],
    ['null', '{"kind":null}'],
    ['none', '{}'],
    ['one deep down only', '{"trace":{"kind":"share"}}'],
    ['one in another field', '{"trace":"share","kind":"buy"}'],
    ['an empty one', '{"kind":""}'],
  ])('is refused with %s', (_what, sent) =>
    expect(ask(report, sent)).toBe('policy/write-not-allowed'),
  )

  test('is refused where the storefront has opened none', () => {
    const { choices: _, ...none } = upstream
    for (const closed of [none, { ...none, choices: {} }, { ...none, choices: { kinds: [] } }]) {
      const check = () => checkBody(report, Buffer.from('{"kind":"share"}'), alice, closed)
      expect(codeOf(check)).toBe('policy/write-not-allowed')
    }
  })

  test('may stand in an object', () => {
    const nested = route([], [{ name: 'detail.kind', choices: 'kinds' }])
    expect(bound(nested, '{"detail":{"kind":"like"}}')).toBe('{"detail":{"kind":"like"}}')
    expect(ask(nested, '{"detail":{"kind":"buy"}}')).toBe('policy/write-not-allowed')
  })
})

describe('a caller is told what is wrong with the body', () => {
  test.each([
    ['{"wallet":1}', 'The route does not take the field wallet.'],
    ['{"detail":{"coins":1}}', 'The route does not take the field detail.coins.'],
    ['{"detail":{"born":{"at":1}}}', 'The route does not take the field detail.born.at.'],
    ['{"detail":{"email":"x"}}', 'The call may not name anybody by email.'],
    ['{"a b":1}', 'A field of the body has an odd name.'],
    ['{"detail":{},"detail":{}}', 'A field of the body is there twice.'],
    ['[]', 'The body must be a JSON object.'],
    ['"a"', 'The body must be a JSON object.'],
    ['{', 'The body is not valid JSON.'],
    [`{"detail":${'['.repeat(32)}${']'.repeat(32)}}`, 'The body is nested too deeply.'],
  ])('%s', (sent, detail) => expect(() => bound(person, sent)).toThrow(detail))

  test('and the log, why it cannot be read', () => {
    expect(() => bound(person, '{')).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) }),
    )
    expect(() => bound(person, Buffer.from([0xff]))).toThrow(
      expect.objectContaining({
        message: 'The body is not UTF-8.',
        cause: expect.any(TypeError),
      }),
    )
  })
})

describe('several ids of the customer', () => {
  const twice = route(
    [
      { in: 'body', name: 'buyer', to: 'customer' },
      { in: 'query', name: 'offer', to: 'customer', fill: true },
      { in: 'body', name: 'payer', to: 'customer' },
    ],
    [{ name: 'trace' }],
  )

  test('are each written in the upstream’s spelling', () => {
    expect(bound(twice, '{"payer":"1001","trace":1,"buyer":"1001"}')).toBe(
      '{"payer":"acme-1001","trace":1,"buyer":"acme-1001"}',
    )
    expect(ask(twice, '{"payer":"1001","buyer":"1002"}')).toBe('policy/subject-mismatch')
  })

  test('are ids wherever they stand, also where no list of names has them', () => {
    expect(ask(twice, '{"trace":{"payer":"1001"}}')).toBe('policy/subject-mismatch')
    expect(ask(twice, '{"trace":[{"buyer":"1002"}]}')).toBe('policy/subject-mismatch')
  })

  test('are filled in only where the binding says so', () => {
    expect(bound(twice, '{"trace":1}')).toBe('{"trace":1}')
    expect(ask(twice, '{"offer":"1001"}')).toBe('downstream/malformed')
  })
})

test('a member of a listed object is no binding of the top', () => {
  const nested = route(ids, [{ name: 'detail.customer' }])
  expect(bound(nested, '{"detail":{"customer":1}}')).toBe(
    '{"account_id":"acc-alice","detail":{"customer":1}}',
  )
})

describe('who is looked at', () => {
  const theirs = Buffer.from('{"account_id":"acc-bob","x":1,"x":2}')

  test('not a server that speaks for the shop, nor a route without listed fields', () => {
    expect(checkBody(redeem, theirs, service('x'), upstream)(null)).toBe(theirs)
    expect(checkBody(redeem, theirs, anonymous, upstream)(null)).toBe(theirs)
    const open: Route = { ...redeem, body: { type: 'json', maxBytes: 1024 } }
    expect(checkBody(open, theirs, alice, upstream)(null)).toBe(theirs)
  })

  test('a server that acts for a customer is bound to that one', () => {
    const acting: Principal = { ...service('session'), customer: '1001' }
    expect(bound(redeem, '{"offer":"o"}', { principal: acting })).toContain('acc-alice')
    expect(ask(redeem, '{"account_id":"acc-bob"}', { principal: acting })).toBe(
      'policy/subject-mismatch',
    )
  })
})

describe('whatever is sent', () => {
  const name = fc.constantFrom(
    'account_id',
    'customer_id',
    'offer',
    'trace',
    'Account_Id',
    'email',
    'lead',
    'x',
  )
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>('acc-alice', 'acc-bob', 'acme-1001', '1001', '1002', 1, null),
      fc.array(tie('any'), { maxLength: 2 }),
      fc.dictionary(name, tie('any'), { maxKeys: 2 }),
    ),
  })).any

  test('what goes out names the shopper, once, and nobody else', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 4 }), (body) => {
        const sent = JSON.stringify(body)
        if (ask(redeem, sent) !== 'ok') return
        const out = JSON.parse(bound(redeem, sent)) as Record<string, unknown>
        const named = [out['account_id'], out['customer_id']].filter((id) => id !== undefined)
        expect(named.length).toBeGreaterThan(0)
        expect([undefined, ACCOUNT]).toContain(out['account_id'])
        expect([undefined, 'acme-1001']).toContain(out['customer_id'])
        const deep = JSON.stringify([out['offer'], out['trace']])
        expect(deep).not.toMatch(/"(account_id|customer_id|email|Account_Id)":/)
      }),
      { numRuns: 3000 },
    )
  })
})

interface Asked {
  readonly principal?: Principal
  readonly account?: string | null
}

function ask(route: Route, sent: string | Buffer, asked: Asked = {}): string {
  return codeOf(() => bound(route, sent, asked))
}

function bound(route: Route, sent: string | Buffer, asked: Asked = {}): string {
  const { principal = alice, account = ACCOUNT } = asked
  const body = checkBody(route, Buffer.from(sent), principal, upstream)(account)
  return Buffer.isBuffer(body) ? body.toString() : 'no whole body'
}

function route(bind: readonly Binding[], fields: readonly BodyField[]): Route {
  return {
    method: 'POST',
    path: '/writes',
    callers: { customer: 'write' },
    family: '',
    credential: '',
    bind,
    query: [],
    body: { type: 'json', maxBytes: 1024, fields },
  }
}

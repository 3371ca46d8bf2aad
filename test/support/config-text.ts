/** The shortest useful configuration for the fake provider, and the variables it refers to. */
export const minimal = `
storefronts:
  acme:
    hosts: [gw.acme.example]
    origins: [https://www.acme.example]
    identity:
      - { type: session, secret: \${env:SESSION_SECRET} }
    providers:
      acmeapi:
        environment: production
        team: blue
        apiKey: \${env:ACME_KEY}
        signingSecret: \${env:ACME_SIGNING}
`.trimStart()

export const env = {
  SESSION_SECRET: 'q7Zt-session-0123456789abcdefghijkl',
  ACME_KEY: 'ak_4f9c01d2e8b7a653',
  ACME_SIGNING: 'sg_90b1c2d3e4f5a617',
  OTHER_KEY: 'ak_aa11bb22cc33dd44',
}

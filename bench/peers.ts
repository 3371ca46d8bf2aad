import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { startGatehouse } from './gatehouse.ts'

export interface Peer {
  readonly name: string
  readonly start: (upstream: string) => Promise<Child>
  /** Says why it cannot take part on this machine; null where it can. */
  readonly missing: () => string | null
}

const always = (): null => null

// Peers whose types do not fit beside ours are plain JavaScript.
function nodePeer(name: string, file: string): Peer {
  const script = new URL(`peers/${file}`, import.meta.url).pathname
  return {
    name,
    missing: always,
    start: (upstream) => startChild([process.execPath, script, upstream]),
  }
}

/** Everything is put in relation to it. */
export const floor = nodePeer('node:http + undici.dispatch', 'floor.ts')
export const gatehouse: Peer = {
  name: 'Gatehouse',
  missing: always,
  start: (upstream) => startGatehouse(upstream),
}
export const fastify = nodePeer('@fastify/http-proxy', 'fastify-http-proxy.js')
export const njs: Peer = {
  name: 'nginx + njs HMAC',
  missing: () => lacks('nginx') ?? lacksModule(),
  start: (upstream) => startNginx(upstream, NJS),
}

export const peers: readonly Peer[] = [
  floor,
  gatehouse,
  fastify,
  nodePeer('http-proxy-3', 'http-proxy-3.ts'),
  nodePeer('Express + http-proxy-middleware', 'express.js'),
  nodePeer('Hono proxy', 'hono.js'),
  { name: 'nginx', missing: () => lacks('nginx'), start: (upstream) => startNginx(upstream, null) },
  njs,
  { name: 'HAProxy + hmac', missing: () => lacks('haproxy'), start: startHaproxy },
]

function lacks(program: string): string | null {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`])
    return null
  } catch {
    return `${program} is not installed`
  }
}

const NJS_MODULE = '/usr/lib/nginx/modules/ngx_http_js_module.so'

function lacksModule(): string | null {
  try {
    execFileSync('test', ['-f', NJS_MODULE])
    return null
  } catch {
    return 'libnginx-mod-http-js is not installed'
  }
}

const NJS = `
import crypto from 'crypto';
function token() {
  return crypto.createHmac('sha256', 'sk_bench').update('shop:1715000000').digest('hex');
}
export default { token };
`

async function startNginx(upstream: string, script: string | null): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'))
  const port = await freePort()
  if (script !== null) writeFileSync(join(folder, 'token.js'), script)
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `${script === null ? '' : `load_module ${NJS_MODULE};`}
worker_processes 1; daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder};
  fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  keepalive_requests 1000000;
  ${script === null ? '' : `js_path ${folder}; js_import token from token.js; js_set $token token.token;`}
  upstream up { server ${new URL(upstream).host}; keepalive 256; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${port};
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
      ${script === null ? '' : 'proxy_set_header x-widget-token $token;'} } }
}`,
  )
  return startListening(['nginx', '-c', file, '-p', folder, '-e', 'stderr'], port)
}

async function startHaproxy(upstream: string): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-haproxy-'))
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port}
  http-request set-header x-widget-token %[str(shop:1715000000),hmac(sha256,c2tfYmVuY2g=),hex]
  default_backend up
backend up
  http-reuse always
  server up ${new URL(upstream).host}
`,
  )
  return startListening(['haproxy', '-db', '-q', '-f', file], port)
}

/** These do not say where they listen, so the bench does. */
async function startListening(command: readonly string[], port: number): Promise<Child> {
  const announce = `echo http://127.0.0.1:${port}; exec ${command.join(' ')}`
  const child = await startChild(['sh', '-c', announce])
  await new Promise((resolve) => setTimeout(resolve, 300))
  return child
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

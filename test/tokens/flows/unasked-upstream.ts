/**
 * An upstream that misbehaves, as a process of its own: after a call that names `first` it sends,
 * 30 ms later, a second answer that nobody asked for, and then adds a byte to a file, so that others
 * know when it is on its way. `node unasked-upstream.ts <file> [key cert]`; prints its port.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

const [, , told = '', key, cert] = process.argv
const server =
  key === undefined || cert === undefined
    ? createServer(serve)
    : createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, serve)

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const isFirst = text.slice(0, end).includes('first')
      text = text.slice(end + 4)
      socket.write(answer('asked for'))
      if (isFirst) setTimeout(() => sendUnasked(socket), 30)
    }
  })
}

function sendUnasked(socket: Socket): void {
  // Told some turns later: under TLS the bytes leave a while after the write is said to be done.
  socket.write(answer('somebody else’s'), () => setTimeout(() => appendFileSync(told, '.'), 20))
}

function answer(body: string): string {
  const length = Buffer.byteLength(body)
  return `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n${body}`
}

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createApp } from './app.js'
import { readSettings, type Settings, StartError } from './settings.js'
import { connectTencent } from './tencent.js'

try {
  await start()
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(`\n  ${error.message}\n`)
  process.exitCode = 1
}

async function start(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env)
  const tencent = await connectTencent(settings)
  const { app, guard } = createApp(settings, tencent)
  const server = createServer(app)

  async function stop(): Promise<void> {
    server.close()
    // The connections of live views do not end by themselves and would keep the process alive.
    server.closeAllConnections()
    await Promise.all([guard.close(), tencent.simulator?.close()])
  }

  try {
    await listen(server, settings)
  } catch (error) {
    await stop()
    throw error
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
  console.log(welcome(server, settings, tencent.simulator !== undefined))
}

async function listen(server: Server, { host, port }: Settings): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      throw new StartError(
        `Port ${port} is taken. Stop what uses it, or choose another one: PORT=${port + 1} npm run example`,
      )
    }
    if (code === 'EACCES') throw new StartError(`Port ${port} needs more rights than you have; choose one above 1023.`)
    throw error
  }
}

function welcome(server: Server, { host, isProduction, operatorPassword }: Settings, isSimulated: boolean): string {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const tencent = isSimulated
    ? 'No Tencent credentials in the environment: Tencent CAPTCHA is simulated on this machine.'
    : 'Tickets are verified by Tencent.'
  return [
    '',
    `  Yunwu Tea is open: ${url}`,
    ...(isProduction ? [] : [`  Switchboard:       ${url}/switchboard`]),
    ...(operatorPassword ? [`  For operators:     ${url}/ops/captcha, ${url}/metrics`] : []),
    ...(isProduction ? [] : [`                     any name, password ${operatorPassword}`]),
    '',
    `  ${tencent}`,
    '  Ctrl+C ends it.',
    '',
  ].join('\n')
}

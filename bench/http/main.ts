import { generateLoad } from './load.js'
import { main } from './measure.js'
import { serveApplication } from './server.js'
import { standInForTencent } from './tencent.js'

/** The bundle is one file: its child processes are told by their first argument what they are. */
const [role, ...args] = process.argv.slice(2)
process.once('disconnect', () => process.exit())
switch (role) {
  case 'application':
    serveApplication(args)
    break
  case 'tencent':
    standInForTencent()
    break
  case 'load':
    generateLoad()
    break
  default:
    process.exitCode = await main(process.argv.includes('--quick'))
}

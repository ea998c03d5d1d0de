import { runInRole } from './children.js'
import { generateLoad } from './load.js'
import { main } from './measure.js'
import { serveApplication } from './server.js'
import { standInForTencent } from './tencent.js'

const roles = { application: serveApplication, tencent: standInForTencent, load: generateLoad }
await runInRole(roles, () => main(process.argv.includes('--quick')))

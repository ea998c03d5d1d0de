// Puts the reports of the public API that the build wrote into etc/, where a change of the API shows in review.
import { cp, rm } from 'node:fs/promises'

await rm('etc', { recursive: true, force: true })
await cp('dist/api', 'etc', { recursive: true })

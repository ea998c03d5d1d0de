import { test } from '@jest/globals'
import { planOf } from './plan.js'
import { SwarmSite } from './swarm-site.js'

test('one', async () => {
  const plan = planOf(Number(process.env.SEED))
  const { guards, ...rest } = plan
  process.stdout.write(JSON.stringify(rest, null, 1) + JSON.stringify(guards[0]?.circuit) + '\n')
  const site = new SwarmSite(plan, { withAttackers: process.env.ALONE === undefined })
  await site.run()
  process.stdout.write(site.log.filter((l) => !l.includes('lets')).join('\n') + '\n')
})

import { test } from '@jest/globals'
import { isSeenByUsersAlone, planOf } from './plan.js'
import { SwarmSite } from './swarm-site.js'

test('probe', async () => {
  const n = Number(process.env.N ?? 30),
    from = Number(process.env.FROM ?? 1)
  const all = new Map<string, number>()
  const t = performance.now()
  let bad = 0
  const by = new Map<string, number>()
  let tr = 0
  let comp = 0
  for (let seed = from; seed < from + n; seed++) {
    const site = new SwarmSite(planOf(seed), { withAttackers: true })
    await site.run()
    const plan = planOf(seed)
    if (isSeenByUsersAlone(plan) && plan.attacks.length > 0) {
      comp++
      const alone = new SwarmSite(plan, { withAttackers: false })
      await alone.run()
      if (JSON.stringify(alone.transitions) !== JSON.stringify(site.transitions))
        site.violations.push('DIFF ' + JSON.stringify([alone.transitions, site.transitions]))
    }
    for (const [k, v] of site.reasons) all.set(k, (all.get(k) ?? 0) + v)
    tr += site.transitions.flat().length
    if (site.violations.length) {
      bad++
      const k = site.violations[0]!.replace(/\d+/g, 'N')
      by.set(k, (by.get(k) ?? 0) + 1)
      if (bad < 12)
        console.log(
          seed,
          site.violations.length,
          site.violations.slice(0, 3),
          JSON.stringify(planOf(seed).faults.map((f) => [f.kind, f.fromMs, f.untilMs])),
        )
    }
  }
  console.log(
    (performance.now() - t) / n,
    'ms/seed',
    bad,
    'bad',
    tr,
    'transitions',
    comp,
    'compared',
    [...all].sort((a, b) => b[1] - a[1]),
    [...by],
  )
}, 600000)

import { networkInterfaces } from 'node:os'
import { mayCompile } from '../attacks/preload.js'
import { isRedisInstalled } from '../store/redis/redis-server.js'
import type { Need } from './fault-case.js'

const hasIpv6 = () => Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => address === '::1'))

/** What this machine lacks. */
export function missingNeeds(): readonly Need[] {
  const isThere: Readonly<Record<Need, boolean>> = {
    'a C compiler': mayCompile(),
    'redis-server': isRedisInstalled(),
    Linux: process.platform === 'linux',
    IPv6: hasIpv6(),
  }
  return (Object.keys(isThere) as Need[]).filter((need) => !isThere[need])
}

/** Packages that a build server has to have: a row that is left out for want of one would go unnoticed. */
export const packages: ReadonlySet<Need> = new Set<Need>(['a C compiler', 'redis-server'])

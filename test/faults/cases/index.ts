import type { FaultSection } from '../fault-case.js'
import { apiErrors, bodies, cutShort, redirects, slow, statuses } from './answers.js'
import { connecting } from './connecting.js'
import { credentials } from './credentials.js'
import { endpoints } from './endpoints.js'
import { keepAlive } from './keep-alive.js'
import { redis } from './redis.js'
import { surroundings } from './surroundings.js'
import { tlsFaults } from './tls.js'

/** Every fault, in the order in which a request meets them. */
export const sections: readonly FaultSection[] = [
  connecting,
  tlsFaults,
  cutShort,
  slow,
  redirects,
  statuses,
  bodies,
  keepAlive,
  apiErrors,
  credentials,
  endpoints,
  surroundings,
  redis,
]

import type { FaultSection } from '../fault-case.js'
import { apiErrors } from './api-errors.js'
import { bodies } from './bodies.js'
import { connecting } from './connecting.js'
import { credentials } from './credentials.js'
import { cutShort } from './cut-short.js'
import { endpoints } from './endpoints.js'
import { keepAlive } from './keep-alive.js'
import { redirects } from './redirects.js'
import { redis } from './redis.js'
import { slowness } from './slowness.js'
import { statuses } from './statuses.js'
import { surroundings } from './surroundings.js'
import { tlsFaults } from './tls.js'

/** Every fault, in the order in which a request meets them. */
export const sections: readonly FaultSection[] = [
  connecting,
  tlsFaults,
  cutShort,
  slowness,
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

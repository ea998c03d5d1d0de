export { CaptchaConfigError } from '../../options/captcha-config-error.js'
export type { CaptchaStore } from '../captcha-store.js'
export type { IoredisClient, NodeRedisClient, RedisClient } from './redis-client.js'
export { type RedisStoreOptions, redisStore } from './redis-store.js'

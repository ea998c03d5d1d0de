export { CaptchaConfigError } from '../errors.js'
export type { CaptchaStore } from '../store/captcha-store.js'
export type { IoredisClient, NodeRedisClient, RedisClient } from './redis-client.js'
export { type RedisStoreOptions, redisStore } from './redis-store.js'

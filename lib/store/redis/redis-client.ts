/** What is used of a node-redis client (v4 to v6): a client, cluster, sentinel or pool of the `redis` package. */
export interface NodeRedisClient {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What is used of an ioredis client (v5, v6): a `Redis` or a `Cluster`. */
export interface IoredisClient {
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  call(command: string, ...args: string[]): Promise<unknown>
}

export type RedisClient = NodeRedisClient | IoredisClient

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../lib/simulator/index.js'
import { RedisServer } from '../store/redis/redis-server.js'
import { answer, verifiedBody } from '../tencent/raw-server.js'
import { blackHole } from './black-hole.js'
import { type Behaviour, FaultyServer } from './faulty-server.js'

/** Answers as Tencent does for a good ticket. */
export const healthy: Behaviour = { respond: (exchange) => exchange.write(answer(verifiedBody)) }

/** What one fault is made of, for one guard. Everything ends with it. */
export class Lab {
  readonly captchaAppId: number
  readonly appSecretKey = 'secretOfTheApp00000000000'
  /** Exists while names are to hang in the resolver. */
  readonly hangFile: string
  /** Another host, which nothing may reach. It has a certificate that is trusted, and answers every ticket with a pass. */
  readonly stranger: FaultyServer
  readonly strangerWithoutTls: FaultyServer
  readonly servers: FaultyServer[] = []
  readonly simulators: Simulator[] = []
  readonly #closers: (() => unknown)[] = []

  private constructor(captchaAppId: number, hangFile: string, strangers: readonly [FaultyServer, FaultyServer]) {
    this.captchaAppId = captchaAppId
    this.hangFile = hangFile
    const [stranger, strangerWithoutTls] = strangers
    this.stranger = stranger
    this.strangerWithoutTls = strangerWithoutTls
    this.onClose(() => strangers.map((server) => server.close()))
  }

  static async open(captchaAppId: number, hangFile: string): Promise<Lab> {
    const strangers = [await FaultyServer.start(healthy), await FaultyServer.start({ ...healthy, tls: false })] as const
    return new Lab(captchaAppId, hangFile, strangers)
  }

  async serve(behaviour: Behaviour, host?: string, port?: number): Promise<FaultyServer> {
    const server = await FaultyServer.start(behaviour, host, port)
    this.servers.push(server)
    this.onClose(() => server.close())
    return server
  }

  async simulate(options: SimulatorOptions = {}): Promise<Simulator> {
    const { captchaAppId, appSecretKey } = this
    const simulator = await startSimulator({ captchaAppId, appSecretKey, ...options })
    this.simulators.push(simulator)
    this.onClose(() => simulator.close())
    return simulator
  }

  async redis(...args: readonly string[]): Promise<RedisServer> {
    const server = await RedisServer.start(...args)
    this.onClose(() => server.close())
    return server
  }

  /** A port on which nothing listens. */
  async closedPort(): Promise<number> {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return port
  }

  /** A port of which every attempt to connect is dropped. */
  async blackHole(host = '127.0.0.1'): Promise<number> {
    const hole = await blackHole(host)
    this.onClose(() => hole.close())
    return hole.port
  }

  /** A file with this content. */
  file(content: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'captcha-guard-faults-'))
    this.onClose(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'file')
    writeFileSync(path, content)
    return path
  }

  onClose(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Users' tickets that reached Tencent. */
  get ticketsSeen(): number {
    const simulated = this.simulators.flatMap(({ calls }) =>
      calls.filter(({ ticketKind }) => ticketKind === 'ordinary'),
    )
    return this.servers.reduce((sum, { ticketsSeen }) => sum + ticketsSeen, simulated.length)
  }

  get openSockets(): number {
    return this.servers.reduce((sum, { openSockets }) => sum + openSockets, 0)
  }

  /** Connections to where nothing may go. */
  get strayConnections(): number {
    return this.stranger.connections + this.strangerWithoutTls.connections
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}

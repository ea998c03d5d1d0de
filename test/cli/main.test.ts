import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'

interface Finished {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

describe('The command line', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'captcha-cli-'))
    const outfile = join(dir, 'main.mjs')
    await build({ entryPoints: ['lib/cli/main.ts'], bundle: true, platform: 'node', format: 'esm', outfile })
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  function run(args: string[], onOut: (out: string, stop: (signal: NodeJS.Signals) => void) => void = () => {}) {
    return new Promise<Finished>((resolve) => {
      const child = spawn(process.execPath, [join(dir, 'main.mjs'), ...args], { env: { PATH: process.env.PATH } })
      let out = ''
      let err = ''
      child.stdout.on('data', (chunk) => {
        out += chunk
        onOut(out, (signal) => child.kill(signal))
      })
      child.stderr.on('data', (chunk) => {
        err += chunk
      })
      child.on('close', (code, signal) => resolve({ code, signal, out, err }))
    })
  }

  it('runs the simulator until SIGTERM and exits with code 0 although a call hangs', async () => {
    let asked = false
    const finished = await run(
      ['simulate', '--port', '0', '--script-port', '0', '--captcha-app-id', '42', '--secret-id', "it's"],
      async (out, stop) => {
        if (asked || !out.includes('Stop with Ctrl+C')) return
        asked = true
        const control = /http:\S+\/control/.exec(out)?.[0] ?? ''
        const api = /API\s+(\S+)/.exec(out)?.[1] ?? ''
        await fetch(control, { method: 'PUT', body: '{"api":"hang"}' })
        fetch(api, { method: 'POST', body: '{}' }).catch(() => undefined)
        while (!(await (await fetch(control)).text()).includes('fault:hang')) {
          // Polls until the call has arrived.
        }
        stop('SIGTERM')
      },
    )
    expect(finished).toMatchObject({ code: 0, signal: null, err: '' })
    expect(finished.out).toContain('captchaAppId: 42,')
    expect(finished.out).toContain("secretId: 'it\\'s'")
    expect(finished.out).toMatch(/endpoint: 'http:\/\/127\.0\.0\.1:\d+',/)
    expect(finished.out).toMatch(
      /cvmRoleCredential\(\{ metadataUrl: 'http:\/\/127\.0\.0\.1:\d+\/latest\/meta-data\/' \}\)/,
    )
    expect(finished.out).toMatch(/curl -X PUT http:\/\/127\.0\.0\.1:\d+\/control -d '\{"api":"hang"\}'/)
  })

  it('exits with code 0 on SIGINT', async () => {
    const finished = await run(['simulate', '--port', '0', '--script-port', '0'], (_out, stop) => stop('SIGINT'))
    expect(finished).toMatchObject({ code: 0, signal: null })
  })

  it('prints its usage and that of a command for --help', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('simulate'), err: '' })
    expect(await run(['simulate', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--script-port N'),
    })
  })

  it.each([
    [[], /Usage: tencent-captcha-guard/],
    [['simulat'], /Unknown command "simulat"; there is simulate/],
    [['--port', '1'], /Unknown option "--port": the command comes first/],
    [['simulate', '--prot', '1'], /Unknown option '--prot'.*simulate --help/s],
    [['simulate', 'extra'], /extra/],
    [['simulate', '--port', '70000'], /--port is "70000"; expected an integer from 0 to 65535/],
    [['simulate', '--captcha-app-id', 'x'], /--captcha-app-id is "x"/],
    [['simulate', '--secret-key', ''], /--secret-key is empty/],
  ])('names the error in %j and exits with code 2', async (args, message) => {
    const finished = await run(args)
    expect(finished.code).toBe(2)
    expect(finished.out).toBe('')
    expect(finished.err).toMatch(message)
  })
})

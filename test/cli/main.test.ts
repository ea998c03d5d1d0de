import { describe, expect, it } from '@jest/globals'
import { bundledCli } from './run-cli.js'

describe('The command line', () => {
  const cli = bundledCli()

  it('runs the simulator until SIGTERM and exits with code 0 although a call hangs', async () => {
    let asked = false
    const finished = await cli.run(
      ['simulate', '--port', '0', '--script-port', '0', '--captcha-app-id', '42', '--secret-id', "it's"],
      {
        onOut: async (out, stop) => {
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
    const finished = await cli.run(['simulate', '--port', '0', '--script-port', '0'], {
      onOut: (_out, stop) => stop('SIGINT'),
    })
    expect(finished).toMatchObject({ code: 0, signal: null })
  })

  it('prints its usage and that of a command for --help', async () => {
    expect(await cli.run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('simulate'), err: '' })
    expect(await cli.run(['simulate', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--script-port N'),
    })
  })

  it.each([
    [[], /Usage: tencent-captcha-guard/],
    [['simulat'], /Unknown command "simulat"; there is check, report, simulate/],
    [['--port', '1'], /Unknown option "--port": the command comes first/],
    [['simulate', '--prot', '1'], /Unknown option '--prot'.*simulate --help/s],
    [['simulate', 'extra'], /extra/],
    [['simulate', '--port', '70000'], /--port is "70000"; expected an integer from 0 to 65535/],
    [['simulate', '--captcha-app-id', 'x'], /--captcha-app-id is "x"/],
    [['simulate', '--secret-key', ''], /--secret-key is empty/],
    [['report'], /No log file is given; name one, or - for standard input/],
    [['report', '--json', '--csv', '-'], /--json and --csv exclude each other/],
    [['report', '--xml', '-'], /Unknown option '--xml'/],
    [['report', 'a.log', 'a.log'], /given twice/],
  ])('names the error in %j and exits with code 2', async (args, message) => {
    const finished = await cli.run(args)
    expect(finished.code).toBe(2)
    expect(finished.out).toBe('')
    expect(finished.err).toMatch(message)
  })
})

import { unanswered, verified } from '../expectations.js'
import type { FaultCase, FaultSection } from '../fault-case.js'
import { healthy, type Lab } from '../lab.js'

/** Every spelling that a client somewhere goes by, all for a proxy that records what comes. */
function proxyVariables(lab: Lab): Record<string, string> {
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']
  const proxies = Object.fromEntries(names.map((name) => [name, lab.strangerWithoutTls.url]))
  // Node 24 and later go by the variables when told to.
  return { ...proxies, NODE_USE_ENV_PROXY: '1' }
}

const ipv6Only = (id: string, endpoint: 'address' | 'name'): FaultCase => ({
  id,
  fault:
    endpoint === 'address'
      ? { en: 'IPv6 only: an address', zh: '仅 IPv6：地址' }
      : { en: 'IPv6 only: a name with nothing but `AAAA`', zh: '仅 IPv6：只有 `AAAA` 记录的域名' },
  made: { en: 'The server listens on `::1` alone', zh: '服务器只监听 `::1`' },
  needs: endpoint === 'address' ? ['IPv6'] : ['IPv6', 'a C compiler'],
  async make(lab) {
    const { port } = await lab.serve(healthy, '::1')
    return { endpoint: `https://${endpoint === 'address' ? '[::1]' : 'six.test'}:${port}` }
  },
  expected: verified(),
})

export const surroundings: FaultSection = {
  title: { en: 'Proxies and IPv6', zh: '代理与 IPv6' },
  intro: {
    en: 'The variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are ignored in every spelling, for Tencent, STS and the metadata service: a stray one must not send tickets and keys elsewhere. Where a proxy is the only way out, give a `client` of the SDK’s with `httpProfile.proxy` or `agent`.',
    zh: '环境变量 `HTTP_PROXY`、`HTTPS_PROXY`、`ALL_PROXY` 和 `NO_PROXY`（任何大小写）对腾讯、STS 和元数据服务均不起作用：误设的变量不得把票据和密钥引向别处。若代理是唯一出口，请传入配置了 `httpProfile.proxy` 或 `agent` 的 SDK `client`。',
  },
  cases: [
    {
      id: 'proxy-variables-http',
      fault: { en: 'Proxy variables, and an endpoint without TLS', zh: '设置代理变量，域名不用 TLS' },
      made: { en: 'They name a host that records what comes', zh: '变量指向一台做记录的主机' },
      env: proxyVariables,
      make: async (lab) => ({ endpoint: (await lab.serve({ ...healthy, tls: false })).url }),
      expected: verified(),
      plain: {
        text: {
          en: 'the SDK sends ticket and `AppSecretKey` to the proxy',
          zh: 'SDK 把票据和 `AppSecretKey` 发往代理',
        },
        holds: (_, lab) => lab.strangerWithoutTls.requests.some((request) => request.includes(lab.appSecretKey)),
      },
    },
    {
      id: 'proxy-variables-https',
      fault: { en: 'Proxy variables, and an endpoint with TLS', zh: '设置代理变量，域名使用 TLS' },
      made: { en: 'As above', zh: '同上' },
      env: proxyVariables,
      make: async (lab) => ({ endpoint: (await lab.serve(healthy)).url }),
      expected: verified(),
    },
    {
      id: 'proxy-variables-keys',
      fault: { en: 'Proxy variables, and keys from the metadata service', zh: '设置代理变量，密钥来自元数据服务' },
      made: { en: 'As above', zh: '同上' },
      env: proxyVariables,
      async make(lab) {
        const { metadataUrl } = await lab.simulate()
        return { endpoint: (await lab.serve(healthy)).url, credential: { from: 'cvm', metadataUrl } }
      },
      expected: verified(),
    },
    {
      id: 'no-proxy',
      fault: { en: '`NO_PROXY=*`', zh: '`NO_PROXY=*`' },
      made: { en: 'Beside the variables above', zh: '与上述变量同时设置' },
      env: (lab) => ({ ...proxyVariables(lab), NO_PROXY: '*', no_proxy: '*' }),
      make: async (lab) => ({ endpoint: (await lab.serve(healthy)).url }),
      expected: verified(),
    },
    {
      id: 'proxy-is-the-only-way',
      fault: { en: 'A proxy is the only way out', zh: '代理是唯一出口' },
      made: { en: 'Proxy variables; all other connections are dropped', zh: '设置代理变量；其他连接一律被丢弃' },
      needs: ['Linux'],
      env: proxyVariables,
      make: async (lab) => ({ endpoint: `https://127.0.0.1:${await lab.blackHole()}` }),
      expected: unanswered(0),
    },
    ipv6Only('ipv6-address', 'address'),
    ipv6Only('ipv6-name', 'name'),
    {
      id: 'ipv6-refused',
      fault: { en: '`AAAA` and `A`; IPv6 is refused', zh: '同时有 `AAAA` 和 `A`；IPv6 被拒绝' },
      made: { en: 'The server listens on `127.0.0.1` alone', zh: '服务器只监听 `127.0.0.1`' },
      needs: ['a C compiler'],
      make: async (lab) => ({ endpoint: `https://dual.test:${(await lab.serve(healthy)).port}` }),
      expected: verified(),
    },
    {
      id: 'ipv6-black-hole',
      fault: { en: '`AAAA` and `A`; IPv6 is a black hole', zh: '同时有 `AAAA` 和 `A`；IPv6 是黑洞' },
      made: {
        en: 'As above, and `::1` drops every SYN: 250 ms, once',
        zh: '同上，且 `::1` 丢弃所有 SYN：仅一次 250 毫秒',
      },
      needs: ['IPv6', 'Linux', 'a C compiler'],
      async make(lab) {
        const port = await lab.blackHole('::1')
        await lab.serve(healthy, '127.0.0.1', port)
        return { endpoint: `https://dual.test:${port}` }
      },
      expected: verified(),
    },
  ],
}

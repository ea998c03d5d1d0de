import { answer, verifiedBody } from '../../tencent/raw-server.js'
import { failsAtOnce } from '../expectations.js'
import type { FaultCase, FaultSection, PlainClient } from '../fault-case.js'

const redirect = (status: number, other: boolean): FaultCase => {
  const keepsBody = status === 307 || status === 308
  const toStranger = other ? { en: 'to another host', zh: '到其他主机' } : { en: 'to the same host', zh: '到同一主机' }
  return {
    id: `redirect-${status}${other ? '' : '-same-host'}`,
    fault: { en: `${status} ${toStranger.en}`, zh: `${status} 重定向${toStranger.zh}` },
    made: other
      ? {
          en: '`Location` is a host with a trusted certificate that passes every ticket, and records',
          zh: '`Location` 指向证书可信、放行所有票据并做记录的主机',
        }
      : { en: '`Location` is another path', zh: '`Location` 指向另一路径' },
    async make(lab) {
      const location = other ? lab.stranger.url : '/elsewhere'
      const { url } = await lab.serve({
        respond(exchange) {
          if (exchange.request.includes(' /elsewhere ')) return exchange.write(answer(verifiedBody))
          const headers = [`Location: ${location}`]
          return exchange.write(answer('', { status: `${status} Found`, headers }))
        },
      })
      return { endpoint: url }
    },
    expected: failsAtOnce('http_error'),
    ...(other && {
      plain: {
        text: keepsBody
          ? { en: 'the SDK sends ticket and `AppSecretKey` there', zh: 'SDK 把票据和 `AppSecretKey` 发往该主机' }
          : { en: 'the SDK asks there and believes the pass', zh: 'SDK 转而询问该主机，并相信其放行' },
        holds({ passed }, lab) {
          const sentSecret = lab.stranger.requests.some((request) => request.includes(lab.appSecretKey))
          return passed && lab.stranger.connections > 0 && sentSecret === keepsBody
        },
      } satisfies PlainClient,
    }),
  }
}

/** Answers that send the client elsewhere. */
export const redirects: FaultSection = {
  title: { en: 'Redirects', zh: '重定向' },
  intro: {
    en: 'None is followed: the body holds the `AppSecretKey`.',
    zh: '一律不跟随：请求体中有 `AppSecretKey`。',
  },
  cases: [
    ...[301, 302, 303, 307, 308].map((status) => redirect(status, true)),
    ...[302, 307].map((status) => redirect(status, false)),
  ],
}

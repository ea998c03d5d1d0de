import { selfSigned } from '../../tencent/self-signed.js'
import { expired, notYetValid, wrongHost } from '../certificates.js'
import { failsAtOnce, unanswered } from '../expectations.js'
import type { FaultCase, FaultSection, Text } from '../fault-case.js'
import type { Behaviour } from '../faulty-server.js'
import { healthy } from '../lab.js'

const overTls = (id: string, fault: Text, made: Text, tls: NonNullable<Behaviour['tls']>): FaultCase => ({
  id,
  fault,
  made,
  make: async (lab) => ({ endpoint: (await lab.serve({ ...healthy, tls })).url }),
  expected: failsAtOnce('unreachable', 0),
})

/** What happens once the client has begun the handshake. */
const inHandshake = (id: string, fault: Text, made: Text, end: 'reset' | 'fin' | 'plain' | 'none'): FaultCase => ({
  id,
  fault,
  made,
  async make(lab) {
    const server = await lab.serve({
      accept(raw) {
        raw.once('data', () => {
          if (end === 'reset') raw.resetAndDestroy()
          if (end === 'fin') raw.end()
          if (end === 'plain') raw.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
        })
        return true
      },
    })
    return { endpoint: server.url }
  },
  expected: end === 'none' ? unanswered(0) : failsAtOnce('unreachable', 0),
})

export const tlsFaults: FaultSection = {
  title: { en: 'TLS', zh: 'TLS' },
  intro: {
    en: 'A peer that does not prove its name gets no ticket and no key: nothing is sent.',
    zh: '无法证明自己域名的对端得不到票据和密钥：不会发送任何内容。',
  },
  cases: [
    inHandshake(
      'tls-hangs',
      { en: 'The handshake hangs', zh: '握手挂起' },
      { en: 'The server reads and never answers', zh: '服务器只读取，从不应答' },
      'none',
    ),
    inHandshake(
      'reset-in-handshake',
      { en: 'Reset in the handshake', zh: '握手中被重置' },
      { en: 'RST after the ClientHello', zh: '收到 ClientHello 后发送 RST' },
      'reset',
    ),
    inHandshake(
      'fin-in-handshake',
      { en: 'The connection ends in the handshake', zh: '握手中连接结束' },
      { en: 'FIN after the ClientHello', zh: '收到 ClientHello 后发送 FIN' },
      'fin',
    ),
    inHandshake(
      'no-tls',
      { en: 'No TLS at all, such as a captive portal', zh: '对端不支持 TLS（例如强制门户）' },
      { en: 'Plain HTTP in answer to the ClientHello', zh: '以明文 HTTP 应答 ClientHello' },
      'plain',
    ),
    overTls(
      'certificate-expired',
      { en: 'Certificate expired', zh: '证书已过期' },
      { en: 'Of a trusted authority, until 2021', zh: '可信机构签发，2021 年到期' },
      expired,
    ),
    overTls(
      'certificate-not-yet-valid',
      {
        en: 'Certificate not yet valid (as with a clock that is set far back)',
        zh: '证书尚未生效（本机时钟过慢时亦然）',
      },
      { en: 'Of a trusted authority, from 2120', zh: '可信机构签发，2120 年起生效' },
      notYetValid,
    ),
    overTls(
      'certificate-of-another-host',
      { en: 'Certificate of another host', zh: '证书属于其他主机' },
      { en: 'Of a trusted authority, for `other.example`', zh: '可信机构签发给 `other.example`' },
      wrongHost,
    ),
    overTls(
      'certificate-self-signed',
      { en: 'Self-signed certificate', zh: '自签名证书' },
      { en: 'For the right name, by no authority', zh: '域名正确，但无机构签名' },
      selfSigned,
    ),
    overTls(
      'tls-too-old',
      { en: 'Only TLS 1.1 is spoken', zh: '仅支持 TLS 1.1' },
      { en: 'The server offers nothing newer', zh: '服务器不提供更新的版本' },
      { ...selfSigned, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    ),
  ],
}

export { type CaptchaMetrics, captchaMetrics, type MetricsRegistry } from './captcha-metrics.js'

// test/faults/guarded-process.ts
import { createHook } from "node:async_hooks";

// lib/options/captcha-config-error.ts
import { inspect } from "node:util";
var CaptchaConfigError = class extends TypeError {
  name = "CaptchaConfigError";
  code = "ERR_CAPTCHA_CONFIG";
  /** The option at fault, as a path: `degradation.circuit.windowMs`. */
  option;
  constructor(option, problem2) {
    super(`tencent-captcha-guard: ${problem2}`);
    this.option = option;
  }
};
function optionError(issue, entries, options2) {
  const secrets = secretsOf(options2);
  const path = (issue.path ?? []).map((item) => withoutKeys(String(item.key), secrets));
  const option = path.join(".");
  if (issue.type === "strict_object" && issue.expected === "never") return unknownOptionError(path, entries);
  const problem2 = issue.input === void 0 ? `is missing. ${missingFixes[option] ?? `It must be ${issue.message}.`}` : `${describeValue(option, issue.input, secrets)}; it must be ${issue.message}.`;
  return new CaptchaConfigError(option, `option \`${option}\` ${problem2}`);
}
var missingFixes = {
  captchaAppId: "Give the CaptchaAppId of the CAPTCHA console; is its environment variable set?",
  appSecretKey: "Give the AppSecretKey of the CAPTCHA console; is its environment variable set?",
  "credential.secretId": "Give the SecretId of a Tencent Cloud sub-account; is its environment variable set?",
  "credential.secretKey": "Give the SecretKey of a Tencent Cloud sub-account; is its environment variable set?"
};
var hiddenOptions = /^(appSecretKey|credential|client)\b/;
var longestShownAppId = 12;
function describeValue(option, value, secrets) {
  if (hiddenOptions.test(option)) return `is ${kindOf(value)} (not shown)`;
  if (option === "captchaAppId" && typeof value === "string" && value.length > longestShownAppId) {
    return "is a string (not shown: it may be the AppSecretKey)";
  }
  const shown2 = typeof value === "string" ? withoutUrlSecrets(value) : value;
  const rendered = inspect(shown2, { depth: -1, customInspect: false, maxStringLength: 60 });
  return secrets.some((secret) => rendered.includes(secret)) ? "holds a secret (not shown)" : `is ${rendered}`;
}
function secretsOf(options2) {
  const { appSecretKey, credential } = options2;
  const keys = typeof credential === "object" ? Object.values(credential ?? {}) : [credential];
  return [appSecretKey, ...keys].filter((key2) => typeof key2 === "string" && key2.trim() !== "");
}
var shortestKey = 12;
function withoutKeys(name, secrets) {
  const holdsKey = secrets.some((secret) => secret.length >= shortestKey && name.includes(secret));
  return holdsKey ? "(a key, not shown)" : name;
}
function withoutUrlSecrets(text3) {
  return text3.replace(/:\/\/.*@/s, "://\u2026@").replace(/[?#].*/s, (rest) => `${rest[0]}\u2026`);
}
function kindOf(value) {
  if (value === null || value === void 0) return String(value);
  if (value === "") return "an empty string";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
function unknownOptionError(path, entries) {
  const option = path.join(".");
  const parent = path.slice(0, -1);
  const name = path.at(-1)?.toLowerCase() ?? "";
  const known = Object.keys(parent.reduce((group2, member2) => entriesOf(group2[member2]), entries));
  const here = (similar) => similar && [...parent, similar].join(".");
  const suggestion = here(known.find((candidate) => candidate.toLowerCase() === name)) ?? pathOf(path.at(-1), entries) ?? here(known.find((candidate) => isSimilar(name, candidate.toLowerCase())));
  const fix = suggestion ? `did you mean \`${suggestion}\`?` : `known options here: ${known.join(", ")}.`;
  return new CaptchaConfigError(option, `unknown option \`${option}\`; ${fix}`);
}
function pathOf(name, entries) {
  const credential = ["secretId", "secretKey", "token", "getCredential"].map((key2) => `credential.${key2}`);
  const paths = pathsIn(entries).filter((path) => !path.startsWith("degradation.rules."));
  return [...credential, ...paths].find((path) => path.split(".").at(-1) === name);
}
function pathsIn(entries) {
  return Object.entries(entries).flatMap(([name, entry]) => [
    name,
    ...pathsIn(entriesOf(entry)).map((path) => `${name}.${path}`)
  ]);
}
function entriesOf(entry) {
  return entry?.wrapped?.entries ?? {};
}
function isSimilar(given2, known) {
  if (given2 === "") return false;
  const farthest = Math.max(2, Math.floor(known.length / 3));
  return known.startsWith(given2) || given2.startsWith(known) || editDistance(given2, known) <= farthest;
}
function editDistance(a, b) {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}

// lib/clock.ts
var longestTimeoutMs = 2 ** 31 - 1;
var systemClock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, run) {
    if (delayMs > longestTimeoutMs) return afterLong(delayMs, run);
    return new SystemTimer(run, delayMs);
  },
  afterPoll: (run) => {
    setImmediate(run);
  },
  jitter: Math.random
};
var SystemTimer = class {
  #timeout;
  constructor(run, delayMs) {
    this.#timeout = setTimeout(run, delayMs);
    this.#timeout.unref?.();
  }
  cancel() {
    clearTimeout(this.#timeout);
  }
};
function afterSockets(clock, run) {
  clock.afterPoll(() => clock.afterPoll(run));
}
function afterLong(delayMs, run) {
  let step = systemClock.after(longestTimeoutMs, () => {
    step = systemClock.after(delayMs - longestTimeoutMs, run);
  });
  return { cancel: () => step.cancel() };
}

// lib/structures/abort-listeners.ts
var AbortListeners = class {
  #bySignal = /* @__PURE__ */ new WeakMap();
  /** Returns what takes the callback back. */
  add(signal, run) {
    const callbacks = this.#bySignal.get(signal) ?? this.#listen(signal);
    callbacks.add(run);
    return () => {
      callbacks.delete(run);
    };
  }
  #listen(signal) {
    const callbacks = /* @__PURE__ */ new Set();
    this.#bySignal.set(signal, callbacks);
    signal.addEventListener("abort", () => [...callbacks].forEach((run) => void run()), { once: true });
    return callbacks;
  }
};

// lib/guard/check.ts
function checker(parts) {
  const abortListeners = new AbortListeners();
  return async function check2(input) {
    const { channel: channel2 = parts.config.canaryChannel, signal, ...given2 } = checkInput(input);
    signal?.throwIfAborted();
    const { ticket, randstr, userIp, clientKey, knownAs, riskContext: risk } = given2;
    const token = { ticket, randstr };
    const context = parts.contexts.make({ req: void 0, channel: channel2, token, userIp, clientKey, knownAs, risk });
    return decide(parts, context, (onAbort) => signal && abortListeners.add(signal, () => onAbort(signal.reason)));
  };
}
function decide(parts, context, listen) {
  return new Promise((resolve2, reject) => {
    const pending = parts.decision(context, {
      report: (decision) => parts.report(decision, context),
      decided({ verdict }) {
        unlisten?.();
        resolve2(verdict);
      },
      failed(error) {
        unlisten?.();
        reject(error);
      }
    });
    const unlisten = listen((reason) => {
      pending.abandon();
      reject(reason);
    });
    pending.start();
  });
}
function checkInput(input) {
  if (typeof input !== "object" || input === null) {
    throw new TypeError("tencent-captcha-guard: check() needs an object: { ticket, randstr, userIp }.");
  }
  if (input.signal !== void 0 && !(input.signal instanceof AbortSignal)) {
    throw new TypeError("tencent-captcha-guard: check() got a `signal` that is no AbortSignal.");
  }
  return input;
}

// lib/guard/guard-fleet.ts
var fleetKey = /* @__PURE__ */ Symbol.for("tencent-captcha-guard/fleet@1");
function withFleet(guard, fleet) {
  return Object.defineProperty(guard, fleetKey, { value: fleet });
}

// lib/guard/guard-parts.ts
import { randomUUID as randomUUID5 } from "node:crypto";

// lib/client-address.ts
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
var ipv6KeyBits = 56;
var translatedRanges = /* @__PURE__ */ new Set(["rfc6052", "rfc6145"]);
var localTranslation = ipaddr.IPv6.parseCIDR("64:ff9b:1::/48");
var privateRanges = /* @__PURE__ */ new Set(["loopback", "private", "uniqueLocal", "linkLocal", "carrierGradeNat", "unspecified"]);
var ClientAddress = class {
  /** IPv4-mapped and translated addresses as the IPv4 address that they stand for, zone removed. */
  ip;
  /** IPv4 whole, IPv6 by its /56: a subscriber has all of it. 6to4 by the IPv4 address of the subscriber, who has the /48. */
  key;
  constructor(ip, key2) {
    this.ip = ip;
    this.key = key2;
  }
  /** `/24` or `/48` in CIDR notation. */
  get masked() {
    return network(this.ip, isIP(this.ip) === 4 ? 24 : 48);
  }
  /** Loopback, private, link-local, carrier-grade NAT or local translation: no address that Tencent could judge. */
  get isPrivate() {
    const address = ipaddr.parse(this.ip);
    return privateRanges.has(address.range()) || isLocallyTranslated(address);
  }
  get isLoopback() {
    return ipaddr.parse(this.ip).range() === "loopback";
  }
};
function parseClientAddress(given2) {
  if (typeof given2 !== "string") return void 0;
  const version2 = isIP(given2);
  if (version2 === 0) return void 0;
  if (version2 === 4) return new ClientAddress(given2, given2);
  const address = ipaddr.process(given2.replace(/%.*$/, ""));
  const ip = address.toString();
  if (isLocallyTranslated(address)) return new ClientAddress(ip, ip);
  const range = address.range();
  if (translatedRanges.has(range)) return parseClientAddress(ipv4Of(address, 12));
  if (range === "6to4") return new ClientAddress(ip, ipv4Of(address, 2));
  return new ClientAddress(ip, address.kind() === "ipv4" ? ip : network(ip, ipv6KeyBits));
}
function isLocallyTranslated(address) {
  return address instanceof ipaddr.IPv6 && address.match(localTranslation);
}
function ipv4Of(address, firstByte) {
  return address.toByteArray().slice(firstByte, firstByte + 4).join(".");
}
function network(ip, bits) {
  const bytes = ipaddr.parse(ip).toByteArray().map((byte, index) => byte & maskByte(bits - index * 8));
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`;
}
function maskByte(bitsLeft) {
  const kept = Math.min(8, Math.max(0, bitsLeft));
  return 255 << 8 - kept & 255;
}

// lib/options/call-option.ts
function callOption(name, fn, ...parameters) {
  const result = fn(...parameters);
  if (!isThenable(result)) return result;
  Promise.resolve(result).catch(() => {
  });
  throw new TypeError(
    `tencent-captcha-guard: option \`${name}\` returned a promise; it must return its value directly.`
  );
}
function isThenable(value) {
  return typeof value?.then === "function";
}

// lib/report/call-hook.ts
function callHook(hook) {
  try {
    const result = hook();
    if (isThenable(result)) Promise.resolve(result).catch(() => {
    });
  } catch {
  }
}

// lib/report/channels.ts
import { channel, tracingChannel } from "node:diagnostics_channel";
var verdictChannelName = "tencent-captcha-guard:verdict";
var captchaChannels = Object.freeze({
  /** {@link VerifyMessage}: around each decision. */
  verify: "tencent-captcha-guard:verify",
  /** {@link VerdictMessage}: each decision. */
  verdict: verdictChannelName,
  /** {@link StateMessage}: what a site has noticed. */
  state: "tencent-captcha-guard:state",
  /** {@link OverrideMessage}: the kill switch was moved, or its time is over. */
  override: "tencent-captcha-guard:override",
  /** {@link LateVerdictMessage}: what Tencent said later about a ticket that had passed degraded. */
  lateVerdict: "tencent-captcha-guard:late_verdict",
  /** {@link CallMessage}: each call to Tencent that ended. */
  call: "tencent-captcha-guard:call"
});
var SiteChannels = class {
  #site;
  #states = channel(captchaChannels.state);
  #overrides = channel(captchaChannels.override);
  #calls = channel(captchaChannels.call);
  constructor(site) {
    this.#site = site;
  }
  /** Publishes a change. */
  state(change) {
    publish(this.#states, () => ({ ...this.#site, ...change }));
  }
  /** Publishes an override. */
  override(override) {
    publish(this.#overrides, () => ({ ...this.#site, ...override }));
  }
  /** Publishes a call. */
  call(ended) {
    const { reply } = ended;
    if (reply.kind === "degraded" && !reply.wasSent) return;
    publish(this.#calls, () => ({ ...this.#site, ...callOf(ended) }));
  }
};
var GuardChannels = class {
  #guard;
  #verify = tracingChannel(captchaChannels.verify);
  #verdicts = channel(captchaChannels.verdict);
  #lateVerdicts = channel(captchaChannels.lateVerdict);
  constructor(guard) {
    this.#guard = guard;
  }
  /** Publishes a verdict. */
  verdict(make) {
    publish(this.#verdicts, () => ({ ...this.#guard, ...make() }));
  }
  /** Publishes a late verdict. */
  lateVerdict(make) {
    publish(this.#lateVerdicts, () => ({ ...this.#guard, ...make() }));
  }
  /** Whether decisions are traced. (Node has `hasSubscribers` on a `TracingChannel` only from 20.13 on.) */
  get isTraced() {
    const { start, end, asyncStart, asyncEnd, error } = this.#verify;
    return start.hasSubscribers || asyncEnd.hasSubscribers || asyncStart.hasSubscribers || end.hasSubscribers || error.hasSubscribers;
  }
  /** Begins the trace of one decision. */
  trace(channel2) {
    return new VerifyTrace(this.#verify, { ...this.#guard, channel: channel2 });
  }
};
var VerifyTrace = class {
  #channels;
  #message;
  constructor(channels, message) {
    this.#channels = channels;
    this.#message = message;
  }
  /** Runs what begins the decision, with the stores that are bound to `start`. */
  run(begin) {
    const { start, end } = this.#channels;
    start.runStores(this.#message, () => {
      try {
        begin();
      } finally {
        end.publish(this.#message);
      }
    });
  }
  /** Publishes how the decision ended; to be called once. */
  finish(ending) {
    const { asyncStart, asyncEnd, error } = this.#channels;
    const message = Object.assign(this.#message, ending);
    if ("error" in ending) error.publish(message);
    asyncStart.publish(message);
    asyncEnd.publish(message);
  }
};
function publish(to, make) {
  if (to.hasSubscribers) to.publish(make());
}
function callOf({ url, kind, reply, durationMs: durationMs2 }) {
  const { captchaCode, errorCode } = "facts" in reply ? reply.facts : {};
  return {
    endpoint: url === void 0 ? void 0 : new URL(url).host,
    kind,
    outcome: outcomeOf(reply),
    ...reply.kind === "degraded" && { cause: reply.cause },
    ...captchaCode !== void 0 && { captchaCode },
    ...errorCode !== void 0 && { errorCode },
    durationMs: Math.max(0, Math.round(durationMs2))
  };
}
function outcomeOf(reply) {
  switch (reply.kind) {
    case "verified":
    case "bug":
      return reply.kind;
    case "refused":
      return reply.reason;
    case "degraded":
      return reply.cause;
  }
}

// lib/report/log-fields.ts
var verdictFields = [
  "reason",
  "cause",
  "passed",
  "captchaCode",
  "errorCode",
  "requestId",
  "clientErrorCode",
  "durationMs"
];
var traceFields = [
  "guardId",
  "ticketHash",
  "userIp",
  "clientKnown",
  "stage",
  "rule",
  "ruleFrom",
  "evidence",
  "evidenceWhy",
  "purse",
  "purseUsed",
  "purseLimit",
  "purseRemaining",
  "exhaustedBy",
  "circuit"
];
function decisionEvent({ degraded: degraded2, passed }) {
  if (degraded2) return "captcha_degraded";
  return passed ? "captcha_verified" : "captcha_refused";
}
function decisionFields(event, captchaAppId, verdict, trace) {
  const fields2 = { event, captchaAppId };
  for (const name of verdictFields) {
    if (verdict[name] !== void 0) fields2[name] = verdict[name];
  }
  for (const name of traceFields) {
    if (trace[name] !== void 0) fields2[name] = trace[name];
  }
  if (verdict.reason === "verified") delete fields2.stage;
  return fields2;
}
var lateEvent = "captcha_late_verdict";
function lateFields(captchaAppId, { cause }, lateVerdict, { guardId, ticketHash, userIp, purse: purse2, passedAt }) {
  return {
    event: lateEvent,
    captchaAppId,
    guardId,
    ...cause && { cause },
    ...lateVerdict,
    ...ticketHash && { ticketHash },
    ...userIp && { userIp },
    ...purse2 && { purse: purse2 },
    passedAt
  };
}

// lib/report/proxy-hints.ts
var help = "https://expressjs.com/en/guide/behind-proxies.html";
var advice = {
  forwarded_ignored: `X-Forwarded-For arrives but "trust proxy" is unset: every user behind the proxy has the proxy's address, and shares one limit. See ${help}`,
  trusts_everybody: `"trust proxy" is true: any caller can make up an address, and with it a fresh limit. Name your proxies instead. See ${help}`,
  private_address: `The user's address is private: Tencent cannot judge it, and users may share one limit. Is "trust proxy" set for the proxy in front? See ${help}`,
  no_address: `The user's address is missing or no IP address, and the request was refused: Tencent wants one, and limits go by it. Does the option \`userIp\` return one; is "trust proxy" set where the server listens on a socket file? See ${help}`
};
var maxLooks = 1e3;
var shownKey = /* @__PURE__ */ Symbol.for("tencent-captcha-guard.proxy-hints");
var ProxyHints = class {
  #reporter;
  #endpointIsLoopback;
  #shown;
  #looksLeft = maxLooks;
  constructor(reporter, endpointIsLoopback) {
    this.#reporter = reporter;
    this.#endpointIsLoopback = endpointIsLoopback;
    const global = globalThis;
    global[shownKey] ??= /* @__PURE__ */ new Set();
    this.#shown = global[shownKey];
  }
  look(req, address) {
    if (this.#looksLeft === 0 || this.#reporter.isSilent) return;
    this.#looksLeft--;
    const trust = req.app?.get?.("trust proxy");
    if (!trust && req.headers["x-forwarded-for"] !== void 0) this.#show(req, "forwarded_ignored");
    if (trust === true) this.#show(req, "trusts_everybody");
    if (address === void 0) this.#show(req, "no_address");
    if (address?.isPrivate && !(address.isLoopback && this.#endpointIsLoopback)) this.#show(req, "private_address");
  }
  #show(req, name) {
    if (this.#shown.has(name)) return;
    this.#shown.add(name);
    this.#reporter.hint(req, "captcha_proxy_hint", { hint: name, advice: advice[name], help });
  }
};

// lib/tencent/captcha-codes.ts
var webCodes = {
  1: "ok",
  7: "randstr_mismatch",
  8: "ticket_expired",
  9: "ticket_reused",
  15: "ticket_invalid",
  16: "app_mismatch",
  21: "risk_rejected",
  26: "system_busy",
  100: "app_mismatch"
};
var miniProgramCodes = {
  1: "ok",
  7: "app_mismatch",
  8: "ticket_expired",
  9: "ticket_reused",
  10: "ticket_invalid",
  15: "ticket_invalid",
  16: "app_mismatch",
  21: "risk_rejected",
  25: "ticket_invalid",
  26: "system_busy",
  31: "misconfigured",
  100: "app_mismatch"
};
var codesByChannel = { web: webCodes, mini_program: miniProgramCodes };
function captchaCodeMeaning(channel2, captchaCode) {
  return codesByChannel[channel2][captchaCode] ?? "rejected";
}
var keyMismatchCodes = /* @__PURE__ */ new Set([15, 16, 100]);
function isKeyMismatch(captchaCode) {
  return keyMismatchCodes.has(captchaCode);
}

// lib/report/choose-logger.ts
import { pino } from "pino";
var silent = Object.freeze({ debug() {
}, info() {
}, warn() {
}, error() {
}, writes: () => false });
function chooseLogger(option) {
  if (option === false) return { base: silent, of: () => silent };
  if (option !== void 0) {
    const base2 = guarded(option);
    return { base: base2, of: () => base2 };
  }
  const base = guarded(pino({ name: "captcha-guard" }));
  return {
    base,
    of: (req) => {
      let own;
      callHook(() => {
        const log = req && Reflect.get(req, "log");
        if (isLogger(log)) own = log;
      });
      return own ? guarded(own) : base;
    }
  };
}
function isLogger(value) {
  return typeof value === "object" && value !== null && ["debug", "info", "warn", "error"].every((level) => typeof Reflect.get(value, level) === "function");
}
function guarded(logger) {
  const write = (level) => (fields2, message) => callHook(() => logger[level](fields2, message));
  const writes = (level) => {
    let isEnabled;
    callHook(() => {
      isEnabled = logger.isLevelEnabled?.(level);
      return isEnabled;
    });
    return isEnabled !== false;
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), writes };
}

// lib/admission/cause-table.ts
var required = { status: 400, code: "captcha_required", retryAfter: false };
var malformed = { status: 400, code: "captcha_invalid", retryAfter: false };
var invalid = { status: 403, code: "captcha_invalid", retryAfter: false };
var expired = { status: 403, code: "captcha_expired", retryAfter: false };
var tooMany = { status: 429, code: "captcha_invalid", retryAfter: true };
var unavailable = { status: 503, code: "captcha_unavailable", retryAfter: true };
var broken = { status: 503, code: "captcha_unavailable", retryAfter: false };
var causeTable = {
  /** Tencent did not answer within `timeoutMs`. Cure: none here; a short `timeoutMs` makes it frequent. */
  timeout: { rule: "pass", purse: "by_evidence", circuit: "unanswered", canary: "failed", maySpend: true, refusal: "degradation_refused", http: unavailable },
  /** DNS, connect, reset or TLS failed. Cure: check name resolution, egress rules and certificates of this machine. */
  unreachable: { rule: "pass", purse: "by_evidence", circuit: "failure", canary: "failed", maySpend: true, refusal: "degradation_refused", http: unavailable },
  /** An HTTP status other than 200. Cure: check for a proxy or a portal between this machine and Tencent. */
  http_error: { rule: "pass", purse: "by_evidence", circuit: "failure", canary: "failed", maySpend: true, refusal: "degradation_refused", http: unavailable },
  /** No API 3.0 reply: no JSON, no numeric `CaptchaCode`, an event stream, or over 64 KiB. Cure: as for `http_error`. */
  bad_response: { rule: "pass", purse: "by_evidence", circuit: "failure", canary: "failed", maySpend: true, refusal: "degradation_refused", http: unavailable },
  /** API error `InternalError`, `ServiceUnavailable` or a relative. Cure: Tencent's; quote `requestId`. */
  internal_error: { rule: "pass", purse: "by_evidence", circuit: "failure", canary: "failed", maySpend: false, refusal: "degradation_refused", http: unavailable },
  /** `CaptchaCode` 26. Cure: Tencent's; quote `requestId`. */
  system_busy: { rule: "pass", purse: "by_evidence", circuit: "failure", canary: "failed", maySpend: false, refusal: "degradation_refused", http: unavailable },
  /** Tencent was not asked, or no longer waited for: the circuit is open. Cure: ends with the outage, found by canaries. */
  circuit_open: { rule: "pass", purse: "by_evidence", circuit: "neutral", canary: "unknown", maySpend: true, refusal: "degradation_refused", http: unavailable },
  /** More than `maxInFlight` verifications under way, too many of one client, or this machine has no descriptor, port or finished name lookup left. Cure: raise the limit, or limit callers earlier. */
  overloaded: { rule: "pass", purse: "by_evidence", circuit: "neutral", canary: "unknown", maySpend: false, refusal: "degradation_refused", http: unavailable },
  /** Tencent's rate limit (`RequestLimitExceeded*`). A flood can cause it. Cure: ask Tencent for a higher one. */
  throttled: { rule: "pass", purse: "by_evidence", circuit: "throttled", canary: "healthy", maySpend: false, refusal: "degradation_refused", http: unavailable },
  /** A provider of keys that worked before gives no valid ones now. Cure: the line `captcha_misconfigured` says what failed. */
  credential_unavailable: { rule: "pass", purse: "by_evidence", circuit: "neutral", canary: "unknown", maySpend: false, refusal: "degradation_refused", http: unavailable },
  /** The page sent a fallback ticket: an unsigned claim that the vendor's script failed. Cure: check the page's script and CSP. */
  client_fallback: { rule: "pass", purse: "by_evidence", circuit: "neutral", canary: "unknown", maySpend: false, refusal: "degradation_refused", http: unavailable },
  /** Keys, permissions, package or bill are wrong. Cure: the console; the log line `captcha_misconfigured` names the error. */
  misconfigured: { rule: "refuse", purse: "by_evidence", circuit: "neutral", canary: "healthy", maySpend: false, refusal: "misconfigured", http: broken },
  /** The operator's own `override('pass')`. Cure: `override('none')`, or wait for its end. */
  override: { rule: "pass", purse: "outage", circuit: "neutral", canary: "unknown", maySpend: false, refusal: "degradation_refused", http: unavailable }
};
var degradationCauses = Object.keys(causeTable);
var refusalTable = {
  /** No ticket, or on the web no randstr. Cure: the page has to send both; see `readToken`. */
  ticket_missing: { degraded: false, ...required },
  /** No string, too long, two sources that disagree, or a fallback prefix without a valid form. Cure: check what the page sends. */
  ticket_malformed: { degraded: false, ...malformed },
  /** `CaptchaCode` 8: older than five minutes. Cure: the user solves another challenge. */
  ticket_expired: { degraded: false, ...expired },
  /** `CaptchaCode` 9, or a ticket that passed here within five minutes. Cure: the page must not send a ticket twice. */
  ticket_reused: { degraded: false, ...expired },
  /** `CaptchaCode` 7 on the web: the randstr belongs to another ticket. Cure: the page must send the pair of one callback. */
  randstr_mismatch: { degraded: false, ...invalid },
  /** `CaptchaCode` 15 (mini program also 10, 25): a ticket that Tencent did not issue. Cure: on every ticket, check the app id and its key. */
  ticket_invalid: { degraded: false, ...invalid },
  /** `CaptchaCode` 16, 100 (mini program 7): a ticket of another app id. Cure: page and server need the same `captchaAppId`. */
  app_mismatch: { degraded: false, ...invalid },
  /** `CaptchaCode` 21, or 1 with `EvilLevel` 100: Tencent's risk engine refuses the user. Cure: none. */
  risk_rejected: { degraded: false, ...invalid },
  /** Any other code or API error, or a request without a usable address. Cure: the log line has `captchaCode` and `errorCode`. */
  rejected: { degraded: false, ...invalid },
  /** Tencent refused ten tickets of this client within a minute. Cure: wait a minute. */
  rate_limited: { degraded: false, ...tooMany },
  /** A fallback ticket older than `fallback.maxAgeMs`, or more than a minute ahead. Cure: the page makes a new one. */
  fallback_stale: { degraded: true, ...invalid },
  /** A fallback ticket that passed within five minutes. Cure: the page makes a new one. */
  fallback_replayed: { degraded: true, ...invalid },
  /** See the cause of the same name. */
  misconfigured: { degraded: true, ...causeTable.misconfigured.http },
  /** A rule or `override('verify_only')` refused a degraded pass. Cure: the operator's choice. */
  degradation_refused: { degraded: true, ...unavailable },
  /** The purse has no pass left for this client, or none at all. Cure: `expectedPerMinute`, or larger purses. */
  budget_exhausted: { degraded: true, ...unavailable }
};
var captchaReasons = [
  .../* @__PURE__ */ new Set(["verified", ...degradationCauses, ...Object.keys(refusalTable)])
];

// lib/report/counters.ts
function createCounters() {
  return Object.fromEntries(captchaReasons.map((reason) => [reason, 0]));
}

// lib/structures/token-bucket.ts
var heldSeconds = 10;
var creditPerToken = 6e4;
var TokenBucket = class {
  #credit;
  #capacity;
  #perMinute;
  #lastMs;
  #minimumCapacity;
  constructor(perMinute, minimumCapacity, nowMs) {
    this.#minimumCapacity = minimumCapacity;
    this.#perMinute = perMinute;
    this.#capacity = this.#capacityFor(perMinute);
    this.#credit = this.#capacity * creditPerToken;
    this.#lastMs = nowMs;
  }
  /** Tokens there are, after refill. A clock that steps back earns nothing, and nothing is earned twice. */
  available(nowMs) {
    if (nowMs > this.#lastMs) {
      this.#addCredit((nowMs - this.#lastMs) * this.#perMinute);
      this.#lastMs = nowMs;
    }
    return this.#credit / creditPerToken;
  }
  take() {
    this.#credit -= creditPerToken;
  }
  giveBack() {
    this.#addCredit(creditPerToken);
  }
  /** A new rate applies from now on; what was saved up is kept as far as the new capacity holds it. */
  setRate(perMinute, nowMs) {
    if (perMinute === this.#perMinute) return;
    this.available(nowMs);
    this.#perMinute = perMinute;
    this.#capacity = this.#capacityFor(perMinute);
    this.#addCredit(0);
  }
  get perMinute() {
    return this.#perMinute;
  }
  get capacity() {
    return this.#capacity;
  }
  #addCredit(credit) {
    this.#credit = Math.min(this.#capacity * creditPerToken, this.#credit + credit);
  }
  #capacityFor(perMinute) {
    return perMinute === 0 ? 0 : Math.max(this.#minimumCapacity, perMinute * heldSeconds / 60);
  }
};

// lib/report/line-sampler.ts
var linesPerMinute = 1200;
var noneSuppressed = Object.freeze({});
var LineSampler = class {
  #events = /* @__PURE__ */ new Map();
  /** What was left out of this event's lines before this one, or `undefined` when this one is, too. */
  admit(event, reason, nowMs) {
    const lines = this.#linesOf(event, nowMs);
    const { bucket, suppressed } = lines;
    if (bucket.available(nowMs) < 1) {
      suppressed.set(reason, (suppressed.get(reason) ?? 0) + 1);
      return void 0;
    }
    bucket.take();
    if (suppressed.size === 0) return noneSuppressed;
    lines.suppressed = /* @__PURE__ */ new Map();
    const total = [...suppressed.values()].reduce((sum, count2) => sum + count2, 0);
    return { suppressed: total, suppressedByReason: Object.fromEntries(suppressed) };
  }
  #linesOf(event, nowMs) {
    const known = this.#events.get(event);
    if (known) return known;
    const lines = { bucket: new TokenBucket(linesPerMinute, 10, nowMs), suppressed: /* @__PURE__ */ new Map() };
    this.#events.set(event, lines);
    return lines;
  }
};

// lib/report/reporter.ts
var misconfiguredEveryMs = 6e4;
var earlyTickets = 5;
var Reporter = class {
  counters = createCounters();
  #config;
  #clock;
  #loggers;
  #sampler = new LineSampler();
  #misconfiguredMs = Number.NEGATIVE_INFINITY;
  #early = { answered: 0, mismatched: 0 };
  constructor(config, clock) {
    this.#config = config;
    this.#clock = clock;
    this.#loggers = chooseLogger(config.logger);
  }
  verdict(req, verdict, trace) {
    this.counters[verdict.reason]++;
    this.#line(this.#loggers.of(req), this.#levelOf(verdict), verdict, trace);
    if (verdict.cause === "misconfigured") this.#misconfigured(verdict);
    if (verdict.cause === "credential_unavailable") this.credential("there are no valid keys");
    this.#watchEarlyTickets(verdict);
  }
  /** A canary that could not be sent for reasons of our own says nothing about Tencent; the operator must hear of it. */
  canary(reply) {
    if (reply.kind === "degraded" && reply.cause === "misconfigured") {
      this.#misconfigured({ ...reply.facts, ...reply.problem && { hint: reply.problem } });
    }
    if (reply.kind === "bug") {
      const name = reply.error instanceof Error ? reply.error.name : typeof reply.error;
      this.#misconfigured({ hint: `the canary failed with ${name}` });
    }
  }
  /** The provider of the credential failed: in time for the operator to mend it, while the last keys are still valid. */
  credential(problem2) {
    this.#misconfigured({ hint: `The provider of the credential fails: ${problem2}.` });
  }
  /** What became of a ticket that had passed degraded. */
  late({ outcome }, fields2) {
    this.#loggers.base[outcome === "refused" ? "warn" : "info"](fields2, lateEvent);
  }
  override(state, why) {
    const untilMs = this.#clock.epochMs() + state.leftMs;
    const until2 = Number.isFinite(untilMs) ? { until: new Date(untilMs).toISOString() } : {};
    const fields2 = {
      event: "captcha_override",
      captchaAppId: this.#config.captchaAppId,
      mode: state.mode,
      by: state.by,
      why,
      ...until2
    };
    this.#loggers.base.warn(fields2, "captcha_override");
  }
  /** A line that belongs to no request. */
  event(level, event, fields2) {
    this.#loggers.base[level]({ event, captchaAppId: this.#config.captchaAppId, ...fields2 }, event);
  }
  /** A line about the site's set-up, beside the request that showed it. */
  hint(req, event, fields2) {
    this.#loggers.of(req).warn({ event, ...fields2 }, event);
  }
  get isSilent() {
    return this.#config.logger === false;
  }
  #levelOf({ degraded: degraded2, passed, reason }) {
    if (degraded2) return "warn";
    const isNoise = reason === "ticket_missing" && this.#config.mode === "observe";
    return passed || isNoise ? "debug" : "info";
  }
  #line(logger, level, verdict, trace) {
    if (!logger.writes(level)) return;
    const event = decisionEvent(verdict);
    const isSampled = !(verdict.degraded && verdict.passed);
    const suppressed = isSampled ? this.#sampler.admit(event, verdict.reason, this.#clock.nowMs()) : noneSuppressed;
    if (suppressed === void 0) return;
    const fields2 = decisionFields(event, this.#config.captchaAppId, verdict, trace());
    logger[level]({ ...fields2, ...suppressed }, event);
  }
  #misconfigured(fields2) {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#misconfiguredMs < misconfiguredEveryMs) return;
    this.#misconfiguredMs = nowMs;
    const { captchaCode, errorCode, requestId, hint } = fields2;
    this.event("error", "captcha_misconfigured", {
      ...captchaCode !== void 0 && { captchaCode },
      ...errorCode !== void 0 && { errorCode },
      ...requestId !== void 0 && { requestId },
      hint: hint ?? "Check the credential, its permissions, the package and the bill."
    });
  }
  /** One bad ticket is a caller's; when all the first ones are bad, the app id or its key is. */
  #watchEarlyTickets(verdict) {
    if (this.#early.answered >= earlyTickets || verdict.captchaCode === void 0) return;
    this.#early.answered++;
    if (isKeyMismatch(verdict.captchaCode)) this.#early.mismatched++;
    if (this.#early.mismatched === earlyTickets) {
      this.#misconfigured({
        ...verdict,
        hint: "No ticket has been accepted since the start. Do captchaAppId and appSecretKey belong together, and does the page use the same captchaAppId?"
      });
    }
  }
};

// lib/tencent/classify-ticket.ts
var maxTicketLength = 2048;
var maxRandstrLength = 256;
var unsendable = /[\p{Cc}\p{Cs}]/u;
var fallbackPrefix = /^tr?error/i;
function ticketClassifier(captchaAppId) {
  const fallbackForms = [`${captchaAppId}_(\\d{10})(?:_(.{1,128}))?`, `${captchaAppId}(\\d{10})`].map(
    (tail) => new RegExp(`^tr?error_(\\d{4})_${tail}$`, "i")
  );
  return (token, channel2) => classifyTicket(token, channel2, fallbackForms);
}
function classifyTicket(token, channel2, fallbackForms) {
  const { ticket, randstr } = token;
  if (isAbsent(ticket) || channel2 === "web" && isAbsent(randstr)) return { kind: "missing" };
  const usableTicket = sendable(ticket, maxTicketLength);
  const usableRandstr = isAbsent(randstr) ? "" : sendable(randstr, maxRandstrLength);
  if (usableTicket === void 0 || usableRandstr === void 0) return { kind: "malformed" };
  if (!fallbackPrefix.test(usableTicket)) return { kind: "ordinary", ticket: usableTicket, randstr: usableRandstr };
  return parseFallbackTicket(usableTicket, usableRandstr, fallbackForms) ?? { kind: "malformed" };
}
function sendable(value, maxLength) {
  if (typeof value !== "string" || value.length > maxLength) return void 0;
  const trimmed = value.trim();
  return trimmed === "" || unsendable.test(trimmed) ? void 0 : trimmed;
}
function parseFallbackTicket(ticket, randstr, fallbackForms) {
  const match = fallbackForms.map((form) => form.exec(ticket)).find((found) => found !== null);
  if (!match) return void 0;
  const [, clientErrorCode, issuedAtSeconds, sid = ""] = match;
  return {
    kind: "fallback",
    ticket,
    randstr,
    clientErrorCode: Number(clientErrorCode),
    issuedAtSeconds: Number(issuedAtSeconds),
    sid
  };
}
function isAbsent(value) {
  return value === void 0 || value === null || value === "";
}

// lib/guard/join-site.ts
import { AsyncResource as AsyncResource4 } from "node:async_hooks";
import { randomUUID as randomUUID4 } from "node:crypto";

// lib/options/site-options.ts
import { isDeepStrictEqual } from "node:util";

// lib/options/config.ts
import { IncomingMessage } from "node:http";
import { safeParse } from "valibot";

// lib/tencent/hosts.ts
var scriptUrls = {
  mainland: "https://turing.captcha.qcloud.com/TJCaptcha.js",
  international: "https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js"
};
var apiEndpoints = {
  mainland: [
    "https://captcha.tencentcloudapi.com",
    "https://captcha.tencentcloudapi.cn",
    "https://captcha.tencentcloudapi.com.cn"
  ],
  international: ["https://captcha.intl.tencentcloudapi.com"]
};

// lib/options/schema.ts
import * as v from "valibot";

// lib/read-token.ts
function fromBody(ticketField = "ticket", randstrField = "randstr") {
  return (req) => ({ ticket: ownMember(req.body, ticketField), randstr: ownMember(req.body, randstrField) });
}
function fromHeaders(ticketHeader = "x-captcha-ticket", randstrHeader = "x-captcha-randstr") {
  const [ticketName, randstrName] = [ticketHeader.toLowerCase(), randstrHeader.toLowerCase()];
  return (req) => ({ ticket: onlyHeader(req, ticketName), randstr: onlyHeader(req, randstrName) });
}
var readBody = fromBody();
var readHeaders = fromHeaders();
function readTokenByDefault(req) {
  const [body, headers] = [readBody(req), readHeaders(req)];
  return { ticket: agreed(body.ticket, headers.ticket), randstr: agreed(body.randstr, headers.randstr) };
}
var disagreement = Object.freeze([]);
function agreed(first, second) {
  if (isAbsent2(first)) return second;
  return isAbsent2(second) || first === second ? first : disagreement;
}
function isAbsent2(value) {
  return value === void 0 || value === null || value === "";
}
function ownMember(source3, name) {
  if (typeof source3 !== "object" || source3 === null || Array.isArray(source3)) return void 0;
  return Object.hasOwn(source3, name) ? source3[name] : void 0;
}
function onlyHeader(req, name) {
  if (req.headers[name] === void 0) return void 0;
  const values = req.headersDistinct?.[name] ?? req.headers[name];
  return Array.isArray(values) && values.length === 1 ? values[0] : values;
}

// lib/tencent/credentials/read-credential.ts
async function readCredential(provider) {
  try {
    const { secretId, secretKey, token, expiresAtMs } = await provider.getCredential() ?? {};
    if (!isHeaderSafe(secretId) || !isHeaderSafe(secretKey)) return failed("getCredential() returned no usable keys");
    if (token && !isHeaderSafe(token)) return failed("getCredential() returned an unusable token");
    if (expiresAtMs !== void 0 && expiresAtMs !== null && !Number.isFinite(expiresAtMs)) {
      return failed("getCredential() returned an expiresAtMs that is no number of milliseconds");
    }
    const credential = { secretId, secretKey, ...token && { token } };
    return { kind: "credential", credential, expiresAtMs: expiresAtMs ?? void 0 };
  } catch (error) {
    return failed(safeProblem(error) ?? "getCredential() rejected");
  }
}
function failed(problem2) {
  return { kind: "failed", problem: problem2 };
}
var safeToLog = /* @__PURE__ */ Symbol.for("tencent-captcha-guard/safe-to-log");
var CredentialError = class extends Error {
  name = "CredentialError";
  [safeToLog] = true;
};
function safeProblem(error) {
  return error instanceof Error && Object.hasOwn(error, safeToLog) ? error.message : void 0;
}
function isHeaderSafe(value) {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

// lib/options/schema.ts
var maxTimerMs = 2147483647;
var numberThat = (expected, isFit) => v.pipe(v.number(expected), v.check(isFit, expected));
var integer = (min, max, expected) => numberThat(expected, (value) => Number.isInteger(value) && value >= min && value <= max);
var count = integer(1, Number.MAX_SAFE_INTEGER, "an integer, at least 1");
var durationMs = (min = 1) => integer(min, maxTimerMs, `an integer number of milliseconds, from ${min} to ${maxTimerMs}`);
var nonNegative = numberThat("a number, 0 or more", (value) => Number.isFinite(value) && value >= 0);
var positive = numberThat("a number above 0", (value) => Number.isFinite(value) && value > 0);
var share = numberThat("a number above 0, at most 1", (value) => value > 0 && value <= 1);
var flag = v.boolean("true or false");
var text = v.pipe(v.string("a string that is not empty"), v.regex(/\S/, "a string that is not empty"));
var urlMessage = "a string with the whole URL, http:// or https:// included, and without user name, password, query and hash";
var httpUrl = v.pipe(v.string(urlMessage), v.check(isHttpUrl, urlMessage), v.transform(hrefOf));
var oneEndpoint = v.pipe(
  httpUrl,
  v.transform((url) => [url])
);
var callback = () => v.custom((value) => typeof value === "function", "a function");
var withMethods = (expected, ...names) => v.custom(
  (value) => isObject(value) && names.every((name) => typeof Reflect.get(value, name) === "function"),
  expected
);
var objectOf = (entries) => {
  const members = v.strictObject(entries);
  const steps = v.pipe(
    v.custom((value) => typeof value === "object" && isObject(value), "an object"),
    v.transform(withoutUndefined),
    members,
    v.transform((output) => Object.freeze(output))
  );
  return Object.assign(steps, { entries });
};
var group = (entries) => v.optional(objectOf(entries), {});
var keyMessage = "a string of visible ASCII characters, without blanks and line breaks, as an HTTP header carries it";
var key = v.custom(isHeaderSafe, keyMessage);
var keyPair = v.pipe(
  v.looseObject(
    { secretId: key, secretKey: key, token: v.nullish(key) },
    "an object with secretId and secretKey, or with getCredential()"
  ),
  v.transform(({ secretId, secretKey, token }) => Object.freeze({ secretId, secretKey, ...token && { token } }))
);
var dynamicCredential = v.custom(isDynamicCredential);
var rule = v.custom(
  (value) => value === "pass" || value === "refuse" || typeof value === "function",
  "'pass', 'refuse' or a function"
);
var rules = Object.fromEntries(degradationCauses.map((cause) => [cause, v.optional(rule)]));
var purse = (defaults) => group({
  perClient: group({
    limit: v.optional(integer(0, 1e6, "an integer from 0 to 1000000"), defaults.limit),
    windowMs: v.optional(durationMs(), defaults.windowMs)
  }),
  total: group({
    floorPerMinute: v.optional(nonNegative, defaults.floorPerMinute),
    baselineFactor: v.optional(nonNegative, defaults.baselineFactor),
    startPerMinute: v.optional(nonNegative, defaults.startPerMinute)
  })
});
var schema = objectOf({
  captchaAppId: v.pipe(
    v.custom(isCaptchaAppId, "a positive integer or its digits, as the CAPTCHA console shows it"),
    v.transform(Number)
  ),
  // An environment variable may be undefined; that it is there is checked here.
  appSecretKey: text,
  credential: v.optional(
    v.lazy((given2) => isDynamicCredential(given2) ? dynamicCredential : keyPair)
  ),
  client: v.optional(
    withMethods("an SDK client with a request(action, params, { signal }) method", "request")
  ),
  site: v.optional(v.picklist(["mainland", "international"], "'mainland' or 'international'"), "mainland"),
  endpoint: v.optional(v.lazy((given2) => Array.isArray(given2) ? v.array(httpUrl) : oneEndpoint)),
  channel: v.optional(
    v.union(
      [v.picklist(["web", "mini_program"]), callback()],
      "'web', 'mini_program' or a function"
    ),
    "web"
  ),
  readToken: v.optional(callback(), () => readTokenByDefault),
  userIp: v.optional(callback(), () => (req) => req.ip),
  clientKey: v.optional(callback()),
  knownAs: v.optional(callback()),
  timeoutMs: v.optional(durationMs(), 2e3),
  maxInFlight: v.optional(count, 2048),
  mode: v.optional(v.picklist(["enforce", "observe"], "'enforce' or 'observe'"), "enforce"),
  skip: v.optional(callback()),
  riskContext: v.optional(callback()),
  onRefused: v.optional(callback()),
  degradation: group({
    rules: group(rules),
    expectedPerMinute: v.optional(positive),
    outage: purse({ limit: 20, windowMs: 6e4, floorPerMinute: 120, baselineFactor: 3, startPerMinute: 600 }),
    doubt: purse({ limit: 3, windowMs: 6e5, floorPerMinute: 10, baselineFactor: 0.05, startPerMinute: 10 }),
    circuit: group({
      consecutiveFailures: v.optional(count, 5),
      failureRate: v.optional(share, 0.5),
      minimumCalls: v.optional(count, 20),
      windowMs: v.optional(durationMs(10), 1e4),
      canaryIntervalMs: v.optional(durationMs(), 1e3),
      canaryMaxIntervalMs: v.optional(durationMs())
    }),
    fallback: group({
      maxAgeMs: v.optional(durationMs(), 3e5),
      scriptUrl: v.optional(httpUrl),
      probe: v.optional(flag, true)
    }),
    lateVerification: v.optional(flag, true)
  }),
  store: v.optional(withMethods("a store, such as redisStore(client)", "connect")),
  logger: v.optional(
    v.union(
      [v.literal(false), withMethods("", "debug", "info", "warn", "error")],
      "false, or a logger with debug, info, warn and error methods"
    )
  ),
  logUserIp: v.optional(
    v.union([v.picklist(["full", "masked"]), v.literal(false)], "'full', 'masked' or false"),
    "masked"
  ),
  onVerdict: v.optional(callback()),
  onLateVerdict: v.optional(callback())
});
function withoutUndefined(given2) {
  if (![Object.prototype, null].includes(Object.getPrototypeOf(given2))) return given2;
  return Object.fromEntries(Object.entries(given2).filter(([, member2]) => member2 !== void 0));
}
function isCaptchaAppId(value) {
  const number2 = typeof value === "string" && /^[1-9]\d*$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number2) && number2 >= 1;
}
function isDynamicCredential(value) {
  return isObject(value) && typeof Reflect.get(value, "getCredential") === "function";
}
function isHttpUrl(value) {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === "";
}
function hrefOf(url) {
  return new URL(url).href;
}
function isObject(value) {
  return (typeof value === "object" || typeof value === "function") && value !== null && !Array.isArray(value);
}

// lib/options/config.ts
var siteOptions = [
  "appSecretKey",
  "credential",
  "client",
  "endpoint",
  "site",
  "store",
  "maxInFlight",
  "degradation.circuit.consecutiveFailures",
  "degradation.circuit.failureRate",
  "degradation.circuit.minimumCalls",
  "degradation.circuit.windowMs",
  "degradation.circuit.canaryIntervalMs",
  "degradation.circuit.canaryMaxIntervalMs",
  "degradation.expectedPerMinute",
  "degradation.lateVerification",
  "degradation.fallback.probe",
  "degradation.fallback.scriptUrl"
];
function parseOptions(options2) {
  if (options2 instanceof IncomingMessage) {
    throw new CaptchaConfigError(
      "options",
      "it looks as if you wrote app.use(captchaGuard); write app.use(captchaGuard({ \u2026 }))."
    );
  }
  if (typeof options2 !== "object" || options2 === null || Array.isArray(options2)) {
    throw new CaptchaConfigError(
      "options",
      `the options must be an object, not ${kindOf(options2)}. Give at least captchaAppId, appSecretKey and credential.`
    );
  }
  const result = safeParse(schema, options2);
  if (!result.success) throw optionError(result.issues[0], schema.entries, options2);
  const { credential, client, endpoint, channel: channel2, degradation, ...rest } = result.output;
  if (rest.site === "international" && channel2 === "mini_program") {
    throw new CaptchaConfigError(
      "channel",
      "option `channel` is 'mini_program', which the international site does not offer. Use site: 'mainland'."
    );
  }
  const scriptUrl = degradation.fallback.scriptUrl ?? scriptUrls[rest.site];
  return Object.freeze({
    ...rest,
    transport: Object.freeze(transport(result.output, options2)),
    channel: typeof channel2 === "function" ? channel2 : () => channel2,
    canaryChannel: typeof channel2 === "function" ? "web" : channel2,
    degradation: Object.freeze({
      ...degradation,
      circuit: Object.freeze(circuit(degradation.circuit)),
      fallback: Object.freeze({ ...degradation.fallback, scriptUrl })
    }),
    given: Object.freeze(given(result.output, options2))
  });
}
function transport({ client, credential, endpoint, site }, options2) {
  if (client !== void 0) {
    const excluded = ["credential", "endpoint", "site"].find((name) => options2[name] !== void 0);
    if (excluded === void 0) return { kind: "client", client };
    throw new CaptchaConfigError(
      excluded,
      `option \`${excluded}\` cannot be combined with \`client\`: the client has its own. Remove one of the two.`
    );
  }
  if (credential === void 0) {
    throw new CaptchaConfigError(
      "credential",
      "option `credential` is missing. Give { secretId, secretKey } of a Tencent Cloud sub-account, { getCredential() }, or a `client`."
    );
  }
  return {
    kind: "https",
    endpoints: Object.freeze(endpointUrls(endpoint ?? apiEndpoints[site], secretsOf(options2))),
    credential
  };
}
function endpointUrls(endpoints, secrets) {
  const [preferred, ...others] = endpoints;
  if (preferred === void 0) {
    throw new CaptchaConfigError(
      "endpoint",
      "option `endpoint` is an empty list; it must be a URL or a list of at least one, or be left out."
    );
  }
  const twice = endpoints.find((url, index) => endpoints.indexOf(url) < index);
  if (twice !== void 0) {
    throw new CaptchaConfigError(
      "endpoint",
      `option \`endpoint\` ${describeValue("endpoint", twice, secrets)} twice; it must be a list without duplicates: remove one of the two.`
    );
  }
  return [new URL(preferred), ...others.map((url) => new URL(url))];
}
function circuit(parsed) {
  const { canaryIntervalMs, canaryMaxIntervalMs = Math.max(8e3, canaryIntervalMs) } = parsed;
  if (canaryMaxIntervalMs >= canaryIntervalMs) return { ...parsed, canaryMaxIntervalMs };
  throw new CaptchaConfigError(
    "degradation.circuit.canaryMaxIntervalMs",
    `option \`degradation.circuit.canaryMaxIntervalMs\` is ${canaryMaxIntervalMs}, less than \`canaryIntervalMs\` (${canaryIntervalMs}). Make it at least as large.`
  );
}
function given(parsed, options2) {
  const paths = siteOptions.filter((path) => memberAt(options2, path) !== void 0);
  return Object.fromEntries(paths.map((path) => [path, memberAt(parsed, path)]));
}
function memberAt(options2, path) {
  return path.split(".").reduce((group2, name) => group2?.[name], options2);
}

// lib/options/site-options.ts
function siteKey({ captchaAppId, transport: transport2 }) {
  return { captchaAppId, upstream: transport2.kind === "client" ? transport2.client : transport2.endpoints[0].href };
}
function mergeSiteOptions(guards2) {
  let options2 = { captchaAppId: guards2[0]?.config.captchaAppId };
  for (const option of siteOptions) {
    const [first, ...others] = guards2.filter(({ config: config2 }) => option in config2.given);
    if (first === void 0) continue;
    const value = first.config.given[option];
    const other = others.find(({ config: config2 }) => !isSame(value, config2.given[option]));
    if (other !== void 0) throw conflictError(option, first, other);
    options2 = withMember(options2, option.split("."), value);
  }
  const config = parseOptions(options2);
  const { captchaAppId, appSecretKey, transport: transport2, site, store, maxInFlight, degradation } = config;
  const { circuit: circuit2, expectedPerMinute, lateVerification, fallback } = degradation;
  const canaryChannel = guards2.every((guard) => guard.config.canaryChannel === "mini_program") ? "mini_program" : "web";
  return Object.freeze({
    ...{ captchaAppId, appSecretKey, transport: transport2, site, canaryChannel, store, maxInFlight },
    ...{ circuit: circuit2, expectedPerMinute, lateVerification, probe: fallback.probe, scriptUrl: fallback.scriptUrl }
  });
}
function withMember(group2, [name = "", ...rest], value) {
  return { ...group2, [name]: rest.length === 0 ? value : withMember(group2?.[name], rest, value) };
}
function isSame(a, b) {
  const isKeyPair = typeof a === "object" && a !== null && "secretId" in a && !("getCredential" in a);
  return a === b || (isKeyPair || Array.isArray(a)) && isDeepStrictEqual(a, b);
}
function conflictError(option, first, second) {
  const secrets = [first, second].flatMap(({ config }) => secretsOf(config.given));
  const valueIn = ({ label, config }) => `${describeValue(option, shown(config.given[option]), secrets)} in guard \`${label}\``;
  const isHidden = ["appSecretKey", "credential", "client", "store"].includes(option);
  const problem2 = isHidden ? `differs between guard \`${first.label}\` and guard \`${second.label}\` (not shown)` : `${valueIn(first)} and ${valueIn(second)}`;
  const fix = isHidden ? "Give the same one to both." : "Give it to one of them only, or the same value to both.";
  return new CaptchaConfigError(
    option,
    `option \`${option}\` ${problem2}; guards with the same captchaAppId and the same endpoint or client are one site. ${fix}`
  );
}
function shown(value) {
  return Array.isArray(value) ? value.join(" ") : value;
}

// lib/tencent/lookup-queue.ts
import { ADDRCONFIG, lookup } from "node:dns";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

// lib/tencent/local-failure.ts
var localCodes = /* @__PURE__ */ new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "ENOMEM"]);
function isLocalCode(code) {
  return localCodes.has(code);
}
function localCodeOf(error) {
  const attempts = error.errors ?? [error];
  const triedIpv4 = attempts.some(({ address }) => address !== void 0 && !address.includes(":"));
  const saysNoIpv6 = ({ code, address }) => triedIpv4 && code === "EADDRNOTAVAIL" && address?.includes(":");
  return attempts.find((attempt) => isLocalCode(attempt.code) && !saysNoIpv6(attempt))?.code;
}

// lib/tencent/lookup-queue.ts
var LookupQueue = class {
  #lookUp;
  /** Who waits, by name; the first name is being looked up. */
  #waiting = /* @__PURE__ */ new Map();
  constructor(lookUp = systemLookup) {
    this.#lookUp = lookUp;
  }
  /** Looks a name up, after the ones that were asked for before; calls for one name share its lookup. */
  ask(host, done) {
    const waiting = this.#waiting.get(host);
    if (waiting !== void 0) {
      waiting.push(done);
      return;
    }
    this.#waiting.set(host, [done]);
    if (this.#waiting.size === 1) this.#start(host);
  }
  #start(host) {
    this.#lookUp(host, (found) => {
      const waiting = this.#waiting.get(host) ?? [];
      this.#waiting.delete(host);
      const [next] = this.#waiting.keys();
      if (next !== void 0) this.#start(next);
      for (const done of waiting) done(found);
    });
  }
};
var options = { all: true, ...process.platform !== "win32" && { hints: ADDRCONFIG } };
var systemLookup = (host, done) => {
  lookup(host, options, (error, addresses) => {
    done(
      error ? { kind: "failed", code: descriptorError() ?? error.code ?? error.message } : { kind: "addresses", addresses }
    );
  });
};
function descriptorError() {
  try {
    closeSync(openSync(devNull, "r"));
    return void 0;
  } catch (error) {
    const { code } = error;
    return isLocalCode(code) ? code : void 0;
  }
}

// lib/tencent/probe-script.ts
import http from "node:http";
import https from "node:https";
var deadlineMs = 3e3;
var maxBodyBytes = 64 * 1024;
var maxRedirects = 3;
function probeScript(scriptUrl, { clock, lookups, signal }) {
  return new Promise((resolve2) => {
    const stop = new AbortController();
    const finish = (report) => {
      timer.cancel();
      stop.abort();
      resolve2(report);
    };
    let isLookingUp = false;
    const timer = clock.after(deadlineMs, () => {
      clock.afterPoll(() => finish(isLookingUp ? "unknown" : "unreachable"));
    });
    const lookup2 = (host, options2, done) => {
      isLookingUp = true;
      lookups.ask(host, (found) => {
        isLookingUp = false;
        if (found.kind === "failed") return done(Object.assign(new Error("lookup failed"), { code: found.code }), "");
        const [first] = found.addresses;
        if (options2.all) done(null, [...found.addresses]);
        else done(null, first?.address ?? "", first?.family);
      });
    };
    signal.addEventListener("abort", () => finish("unreachable"), { signal: stop.signal });
    fetchOnce(scriptUrl, maxRedirects, { signal: stop.signal, lookup: lookup2 }, finish);
  });
}
function fetchOnce(url, redirectsLeft, options2, finish) {
  const { get } = url.protocol === "https:" ? https : http;
  const request = get(url, { ...options2, agent: false, headers: { Accept: "*/*" } }, (response) => {
    const status = response.statusCode ?? 0;
    const target = redirectTarget(url, status, response.headers.location);
    if (target !== void 0 && redirectsLeft > 0) {
      response.resume();
      return fetchOnce(target, redirectsLeft - 1, options2, finish);
    }
    if (status !== 200) return finish("unreachable");
    readAtLeastSomething(response, finish);
  });
  request.on("error", (error) => finish(localCodeOf(error) === void 0 ? "unreachable" : "unknown"));
}
function readAtLeastSomething(response, finish) {
  let bytes = 0;
  response.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) finish("reachable");
  });
  response.on("end", () => finish(bytes > 0 ? "reachable" : "unreachable"));
  response.on("error", () => finish("unreachable"));
}
function redirectTarget(from, status, location) {
  if (status < 300 || status > 399 || location === void 0 || !URL.canParse(location, from.href)) return void 0;
  const target = new URL(location, from);
  return target.host === from.host && /^https?:$/.test(target.protocol) ? target : void 0;
}

// lib/tencent/upstream.ts
import { AsyncResource as AsyncResource2 } from "node:async_hooks";

// lib/tencent/address-source.ts
import net from "node:net";

// lib/tencent/host-addresses.ts
var answerServesMs = 6e4;
var refreshAfterMs = answerServesMs / 2;
var slowLookupMs = 100;
var eagerRefreshMs = 1e3;
var maxProven = 4;
var HostAddresses = class {
  #host;
  #clock;
  #lookups;
  #waiting = /* @__PURE__ */ new Set();
  #answer = [];
  #answeredMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #hasFailed = false;
  /** Those that answered with a `CaptchaCode`, the last one first. */
  #proven = [];
  #slowTimer;
  constructor(host, clock, lookups) {
    this.#host = host;
    this.#clock = clock;
    this.#lookups = lookups;
  }
  /** The addresses to connect to now; `undefined` where the lookup under way has to be waited for. */
  get() {
    const nowMs = this.#clock.nowMs();
    this.#refresh(refreshAfterMs, nowMs);
    if (this.#isFresh(nowMs)) return this.#answer;
    const isWaitFutile = this.#hasFailed || nowMs - this.#askedMs >= slowLookupMs;
    return isWaitFutile ? this.#provenOrNone() : void 0;
  }
  /** As {@link get}, for a canary: it waits for no lookup where an address has answered before, and asks more often. */
  getForCanary() {
    const nowMs = this.#clock.nowMs();
    this.#refresh(eagerRefreshMs, nowMs);
    return this.#isFresh(nowMs) ? this.#answer : this.#provenOrNone();
  }
  /** Waits for the lookup under way. Returns a function after which `done` is not called. */
  wait(done) {
    this.#waiting.add(done);
    if (this.#proven.length > 0 && this.#slowTimer === void 0) {
      const delayMs = Math.max(0, this.#askedMs + slowLookupMs - this.#clock.nowMs());
      this.#slowTimer = this.#clock.after(delayMs, () => this.#release(this.#fallback("EAI_AGAIN")));
    }
    return () => this.#waiting.delete(done);
  }
  /** Whether this address is the one that answered last. */
  isProven(address) {
    return this.#proven[0]?.address === address;
  }
  /** An answer with a `CaptchaCode` came from this address. */
  noteProven(proven) {
    const others = this.#proven.filter(({ address }) => address !== proven.address);
    this.#proven = [proven, ...others].slice(0, maxProven);
    this.#answer = this.#provenFirst(this.#answer);
  }
  close() {
    this.#waiting.clear();
    this.#slowTimer?.cancel();
  }
  #refresh(afterMs, nowMs) {
    if (this.#isAsking || nowMs - this.#answeredMs < afterMs) return;
    if (this.#proven.length > 0 && nowMs - this.#askedMs < eagerRefreshMs) return;
    this.#isAsking = true;
    this.#askedMs = nowMs;
    this.#lookups.ask(this.#host, (found) => this.#take(found));
  }
  #take(found) {
    this.#isAsking = false;
    this.#hasFailed = found.kind === "failed";
    if (found.kind === "failed") return this.#release(this.#fallback(found.code));
    this.#answer = this.#provenFirst(found.addresses);
    this.#answeredMs = this.#clock.nowMs();
    this.#release({ kind: "addresses", addresses: this.#answer });
  }
  #release(found) {
    this.#slowTimer?.cancel();
    this.#slowTimer = void 0;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const done of waiting) done(found);
  }
  #fallback(code) {
    const addresses = this.#provenOrNone();
    return addresses === void 0 ? { kind: "failed", code } : { kind: "addresses", addresses };
  }
  #provenOrNone() {
    return this.#proven.length > 0 ? this.#proven : void 0;
  }
  #provenFirst(addresses) {
    const rank = ({ address }) => {
      const index = this.#proven.findIndex((proven) => proven.address === address);
      return index < 0 ? maxProven : index;
    };
    return [...addresses].sort((a, b) => rank(a) - rank(b));
  }
  #isFresh(nowMs) {
    return nowMs - this.#answeredMs < answerServesMs;
  }
};

// lib/tencent/address-source.ts
function addressSources(host, clock, lookups) {
  const family = net.isIP(host);
  if (family !== 0) {
    const addresses = [{ address: host, family }];
    const literal2 = {
      get: () => addresses,
      wait: () => () => {
      },
      isProven: () => true,
      noteProven() {
      }
    };
    return { calls: literal2, canary: literal2, close() {
    } };
  }
  const known = new HostAddresses(host, clock, lookups);
  const shared = {
    wait: (done) => known.wait(done),
    isProven: (address) => known.isProven(address),
    noteProven: (address) => known.noteProven(address)
  };
  return {
    calls: { ...shared, get: () => known.get() },
    canary: { ...shared, get: () => known.getForCanary() },
    close: () => known.close()
  };
}

// lib/tencent/connection-pool.ts
import net2 from "node:net";
import tls from "node:tls";
import Client from "undici/lib/dispatcher/client.js";
var idleSocketMs = 1e4;
var ConnectionPool = class {
  #options;
  #isTls;
  /** The name that the certificate has to be for, or an IP address. */
  #host;
  #open = /* @__PURE__ */ new Set();
  #idle = [];
  #isClosed = false;
  #tlsSession;
  constructor(options2) {
    this.#options = options2;
    this.#isTls = options2.endpoint.protocol === "https:";
    this.#host = hostOf(options2.endpoint);
  }
  /** The connection used last: what idles the longest is the likeliest to have been closed by the other side. */
  take() {
    return this.#idle.pop() ?? this.create();
  }
  /** A connection that has no socket yet. */
  create() {
    const { endpoint, maxBodyBytes: maxBodyBytes4 } = this.#options;
    const client = new Client(endpoint.origin, {
      connect: (_, onConnected) => this.#connect(connection, onConnected),
      maxResponseSize: maxBodyBytes4,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleSocketMs,
      keepAliveMaxTimeout: idleSocketMs
    });
    const connection = {
      client,
      socket: void 0,
      address: "",
      family: 0,
      isReused: false,
      stopLookup: void 0
    };
    client.on("disconnect", () => {
      const index = this.#idle.indexOf(connection);
      if (index < 0) return;
      this.#idle.splice(index, 1);
      this.drop(connection);
    });
    this.#open.add(connection);
    return connection;
  }
  /** Takes back a connection whose answer was read to its end. */
  giveBack(connection) {
    if (this.#isClosed || !this.#options.keepsAlive) return this.drop(connection);
    connection.isReused = true;
    this.#idle.push(connection);
  }
  /** Frees a connection in whatever state it is in. */
  drop(connection) {
    this.#open.delete(connection);
    connection.stopLookup?.();
    void connection.client.destroy();
    connection.socket?.destroy();
  }
  close() {
    this.#isClosed = true;
    for (const connection of this.#open) this.drop(connection);
  }
  #connect(connection, onConnected) {
    connection.isReused = false;
    const { addresses } = this.#options;
    const known = addresses.get();
    if (known !== void 0) return this.#openSocket(connection, known, onConnected);
    const stop = addresses.wait((found) => {
      connection.stopLookup = void 0;
      if (found.kind === "addresses") return this.#openSocket(connection, found.addresses, onConnected);
      onConnected(Object.assign(new Error("the name lookup failed"), { code: found.code }), null);
    });
    connection.stopLookup = stop;
  }
  #openSocket(connection, addresses, onConnected) {
    const { port } = this.#options.endpoint;
    const host = this.#host;
    const target = { port: Number(port || (this.#isTls ? 443 : 80)), ...hostOfSocket(host, addresses) };
    const session = this.#tlsSession && { session: this.#tlsSession };
    const servername = net2.isIP(host) === 0 && { servername: host };
    const socket = this.#isTls ? tls.connect({ ...target, ...session, ...servername, ALPNProtocols: ["http/1.1"] }) : net2.connect(target);
    connection.socket = socket;
    const onError = (error) => onConnected(error, null);
    if (this.#isTls) {
      socket.on("session", (fresh) => {
        this.#tlsSession = fresh;
      });
    }
    socket.setNoDelay(true).once("error", onError);
    socket.once(this.#isTls ? "secureConnect" : "connect", () => {
      socket.off("error", onError);
      connection.address = socket.remoteAddress ?? "";
      connection.family = net2.isIP(connection.address);
      onConnected(null, discardContinue(socket));
    });
  }
};
function hostOf({ hostname }) {
  return hostname.replace(/^\[|\]$/g, "");
}
function hostOfSocket(host, addresses) {
  const [first] = addresses;
  if (first !== void 0 && addresses.length === 1) return { host: first.address, autoSelectFamily: false };
  return {
    host,
    autoSelectFamily: true,
    lookup: (_, __, done) => done(null, [...addresses])
  };
}
var interimHead = Buffer.from("HTTP/1.1 100 ");
function discardContinue(socket) {
  socket.read = readPastContinue;
  return socket;
}
function readPastContinue(size) {
  const chunk = net2.Socket.prototype.read.call(this, size);
  if (chunk?.[9] !== 49 || !chunk.subarray(0, interimHead.length).equals(interimHead)) return chunk;
  const end = chunk.indexOf("\r\n\r\n");
  return end < 0 ? chunk : chunk.subarray(end + 4);
}

// lib/admission/outcome.ts
var noFacts = Object.freeze({});
function degraded(cause, {
  facts = noFacts,
  isEvidence = true,
  wasSent = true,
  problem: problem2
} = {}) {
  return { kind: "degraded", cause, facts, isEvidence, wasSent, ...problem2 !== void 0 && { problem: problem2 } };
}
function circuitReport(reply) {
  switch (reply.kind) {
    case "verified":
      return "success";
    case "refused": {
      const { captchaCode, errorCode } = reply.facts;
      if (captchaCode === void 0 || errorCode !== void 0) return "neutral";
      return captchaCode === 1 ? "success" : "refused";
    }
    case "degraded":
      return reply.isEvidence ? causeTable[reply.cause].circuit : "neutral";
    case "bug":
      return "neutral";
  }
}
function canaryReport(reply) {
  switch (reply.kind) {
    case "verified":
    case "refused":
      return "healthy";
    case "degraded":
      return reply.isEvidence ? causeTable[reply.cause].canary : "unknown";
    case "bug":
      return "unknown";
  }
}
function mayHaveSpent(reply) {
  return reply.kind === "degraded" && reply.wasSent && causeTable[reply.cause].maySpend;
}

// lib/tencent/api-error-codes.ts
var rows = [
  {
    meaning: "internal_error",
    codes: ["InternalError", "InternalServerError", "ServiceUnavailable", "ResourceUnavailable"]
  },
  { meaning: "throttled", codes: ["RequestLimitExceeded*", "LimitExceeded"] },
  {
    meaning: "misconfigured",
    codes: [
      "AuthFailure*",
      "UnauthorizedOperation*",
      "IpInBlacklist",
      "IpNotInWhitelist",
      "ActionOffline",
      "InvalidAction",
      "NoSuchProduct",
      "NoSuchVersion",
      "UnsupportedOperation",
      "UnsupportedProtocol",
      "UnsupportedRegion",
      "DryRunOperation"
    ]
  }
];
function apiErrorMeaning(errorCode) {
  const row = rows.find(({ codes }) => codes.some((code) => matches(errorCode, code)));
  return row?.meaning ?? "rejected";
}
function matches(errorCode, code) {
  if (code.endsWith("*")) return errorCode.startsWith(code.slice(0, -1));
  return errorCode === code || errorCode.startsWith(`${code}.`);
}

// lib/tencent/classify-reply.ts
function classifyReply(result, channel2) {
  switch (result.kind) {
    case "response":
      return classifyHttpResponse(result.status, result.contentType, result.body, channel2);
    case "sdk_result":
      return classifyResponseObject(result.result, channel2);
    case "sdk_api_error":
      return classifyApiError(result.errorCode, requestIdFact(result.requestId));
    case "http_status":
      return degraded("http_error");
    case "unreadable":
      return degraded("bad_response");
    case "timeout":
      return degraded("timeout", { isEvidence: !result.loopBlocked && !result.keysLate });
    case "unreachable":
      return degraded("unreachable");
    case "local":
      return degraded("overloaded", { isEvidence: false, wasSent: false, problem: result.problem });
    case "retried":
      return withoutDoubt(classifyReply(result.retry, channel2));
    case "credential_failed":
      return degraded("misconfigured", { isEvidence: false, wasSent: false, problem: result.problem });
    case "credential_unavailable":
      return degraded("credential_unavailable", { isEvidence: false, wasSent: false, problem: result.problem });
    case "aborted":
      return degraded("circuit_open");
    case "bug":
      return { kind: "bug", error: result.error };
  }
}
function withoutDoubt(reply) {
  const isSpent = reply.kind === "refused" && reply.reason === "ticket_reused";
  const neverLeft = reply.kind === "degraded" && !reply.wasSent;
  return isSpent || neverLeft ? degraded("unreachable", { isEvidence: false, facts: reply.facts }) : reply;
}
function classifyHttpResponse(status, contentType2, body, channel2) {
  if (status !== 200) return degraded("http_error");
  if (/^text\/event-stream\b/i.test(contentType2)) return degraded("bad_response");
  const parsed = parseJson(body);
  return isObject2(parsed) ? classifyResponseObject(parsed.Response, channel2) : degraded("bad_response");
}
function classifyResponseObject(response, channel2) {
  if (!isObject2(response)) return degraded("bad_response");
  const facts = factsOf(response);
  if (response.Error !== void 0 && response.Error !== null) {
    const errorCode = isObject2(response.Error) ? response.Error.Code : void 0;
    return typeof errorCode === "string" ? classifyApiError(errorCode, facts) : degraded("bad_response", { facts });
  }
  if (facts.captchaCode === void 0) return degraded("bad_response", { facts });
  const isUnreadable = facts.evilLevel === void 0 && !isAbsent3(response.EvilLevel);
  if (facts.captchaCode === 1 && isUnreadable) return degraded("bad_response", { facts });
  return classifyCaptchaCode(facts.captchaCode, facts, channel2);
}
function classifyCaptchaCode(captchaCode, facts, channel2) {
  const meaning = captchaCodeMeaning(channel2, captchaCode);
  switch (meaning) {
    case "ok":
      return (facts.evilLevel ?? 0) >= 100 ? { kind: "refused", reason: "risk_rejected", facts } : { kind: "verified", facts };
    case "system_busy":
      return degraded("system_busy", { facts });
    case "misconfigured":
      return degraded("misconfigured", { facts });
    default:
      return { kind: "refused", reason: meaning, facts };
  }
}
function classifyApiError(errorCode, otherFacts) {
  const facts = { ...otherFacts, errorCode };
  const meaning = apiErrorMeaning(errorCode);
  switch (meaning) {
    case "internal_error":
      return degraded("internal_error", { facts });
    case "throttled":
      return degraded("throttled", { facts });
    case "misconfigured":
      return degraded("misconfigured", { facts });
    case "rejected":
      return { kind: "refused", reason: "rejected", facts };
  }
}
function factsOf(response) {
  const { CaptchaCode, CaptchaMsg, DeviceRiskCategory, RequestId } = response;
  const facts = {};
  if (typeof CaptchaCode === "number" && Number.isFinite(CaptchaCode)) facts.captchaCode = CaptchaCode;
  if (typeof CaptchaMsg === "string") facts.captchaMsg = CaptchaMsg;
  for (const [name, field] of numberFacts) {
    const number2 = numberOf(response[field]);
    if (number2 !== void 0) facts[name] = number2;
  }
  if (typeof DeviceRiskCategory === "string") facts.deviceRiskCategory = DeviceRiskCategory;
  if (typeof RequestId === "string") facts.requestId = RequestId;
  return facts;
}
var numberFacts = [
  ["evilLevel", "EvilLevel"],
  ["score", "Score"],
  ["evilBitmap", "EvilBitmap"],
  ["getCaptchaTime", "GetCaptchaTime"],
  ["submitCaptchaTime", "SubmitCaptchaTime"]
];
function numberOf(value) {
  const number2 = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number2 === "number" && !Number.isNaN(number2) ? number2 : void 0;
}
function isAbsent3(value) {
  return value === void 0 || value === null || value === "";
}
function requestIdFact(requestId) {
  return typeof requestId === "string" ? { requestId } : {};
}
function isObject2(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function parseJson(text3) {
  try {
    return JSON.parse(text3);
  } catch {
    return void 0;
  }
}

// lib/tencent/credentials/call-with-keys.ts
function callWithKeys({ keeper, clock, timeoutMs, waitedMs, send }, done) {
  const dueMs = clock.nowMs() + timeoutMs - waitedMs;
  const leftMs = () => Math.max(0, dueMs - clock.nowMs());
  let hasWaited = waitedMs > 0;
  let giveUp = () => {
  };
  function begin() {
    const credential = keeper.take();
    if (credential === void 0) return wait((failure2) => failure2 ? done(failure2) : begin());
    giveUp = send(credential, leftMs(), (result) => {
      if (isKeyRejection(result)) retry(credential, result);
      else finish(result);
    });
  }
  function wait(next) {
    hasWaited = true;
    giveUp = keeper.wait(leftMs(), next);
  }
  function retry(refused, refusal2) {
    keeper.reject(refused);
    if (sendOther(refused)) return;
    wait((failure2) => {
      if (failure2?.kind === "aborted") done(failure2);
      else if (!sendOther(refused)) done(keeper.isFailing && failure2 ? failure2 : refusal2);
    });
  }
  function sendOther(refused) {
    const other = keeper.take();
    if (other === void 0 || other === refused) return false;
    giveUp = send(other, leftMs(), finish);
    return true;
  }
  function finish(result) {
    done(hasWaited && result.kind === "timeout" ? { ...result, keysLate: true } : result);
  }
  begin();
  return () => giveUp();
}
function isKeyRejection(result) {
  if (result.kind !== "response" || !result.body.includes("AuthFailure")) return false;
  const reply = classifyReply(result, "web");
  return reply.kind === "degraded" && (reply.facts.errorCode ?? "").startsWith("AuthFailure");
}

// lib/tencent/credentials/credential-keeper.ts
import { AsyncResource } from "node:async_hooks";
var attemptMs = 5e3;
var patienceAfterFailureMs = 500;
var minPauseMs = 1e3;
var maxPauseMs = 15e3;
var renewAfterShare = 0.8;
var maxRenewalMs = 24 * 36e5;
var quietFailures = 2;
var recheckMs = 2e4;
var CredentialKeeper = class {
  #provider;
  #clock;
  #onFailure;
  /** Without it provider and timers would run, and be kept, in the context of whichever request came first. */
  #ownContext = new AsyncResource("TencentCaptchaKeys");
  #waiters = /* @__PURE__ */ new Set();
  #keys;
  #underWay;
  #attempts = 0;
  #failures = 0;
  #lastFailure;
  /** Keys that Tencent refuses. */
  #rejected;
  /** No call of the provider before this. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** The keys are to be renewed from here on. */
  #dueMs = Number.NEGATIVE_INFINITY;
  #timer;
  #isClosed = false;
  /** @param onFailure told of what the operator has to mend; the text quotes no key */
  constructor(provider, clock, onFailure) {
    this.#provider = provider;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }
  /** The keys to sign with, at once; `undefined` where there are none. Asks the provider in the background when they are due. */
  take() {
    const nowMs = this.#clock.nowMs();
    if (nowMs >= this.#dueMs) this.#ask();
    return this.#keys !== void 0 && nowMs < this.#keys.expiresMs ? this.#keys.credential : void 0;
  }
  /**
   * Waits for the end of the provider's call, which it starts where it may. Calls `done` exactly once, in the caller's async
   * context and never before it has returned: with nothing once there are keys, else with what failed, after `timeoutMs` at
   * the latest. Returns a function that gives up; `done` is then called with `aborted` before it returns.
   */
  wait(timeoutMs, done) {
    const caller = new AsyncResource("TencentCaptchaKeys");
    let isSettled = false;
    const settle = (failure2) => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      this.#waiters.delete(settle);
      caller.runInAsyncScope(done, void 0, failure2);
    };
    const timer = this.#clock.after(timeoutMs, () => {
      this.#clock.afterPoll(() => settle(this.#failure("getCredential() did not settle in time")));
    });
    if (this.#clock.nowMs() >= this.#pausedUntilMs) this.#ask();
    if (this.#underWay?.isAwaited) this.#waiters.add(settle);
    else process.nextTick(settle, this.#failure());
    return () => settle({ kind: "aborted" });
  }
  /** Tencent refused these keys: were they rotated? Asks the provider, unless that was just done. */
  reject(credential) {
    if (credential !== this.#keys?.credential) return;
    this.#rejected = credential;
    if (this.#clock.nowMs() >= this.#pausedUntilMs) this.#ask();
  }
  /** Whether the provider's last call failed. */
  get isFailing() {
    return this.#lastFailure !== void 0;
  }
  /** The keys as plain JSON. */
  snapshot() {
    const nowMs = this.#clock.nowMs();
    const { obtainedMs, expiresMs = Number.POSITIVE_INFINITY } = this.#keys ?? {};
    return {
      source: "provider",
      ...obtainedMs !== void 0 && { ageMs: Math.round(nowMs - obtainedMs) },
      ...Number.isFinite(expiresMs) && {
        expiresAt: new Date(this.#clock.epochMs() + expiresMs - nowMs).toISOString()
      },
      ...this.#lastFailure && {
        lastFailure: { problem: this.#lastFailure.problem, agoMs: Math.round(nowMs - this.#lastFailure.atMs) }
      }
    };
  }
  /** Frees the timers; what the provider brings from here on is not looked at. */
  close() {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#giveUpAttempt();
    for (const settle of this.#waiters) settle({ kind: "aborted" });
  }
  #ask() {
    if (this.#underWay !== void 0 || this.#isClosed) return;
    this.#ownContext.runInAsyncScope(() => this.#start());
  }
  #start() {
    this.#timer?.cancel();
    const attempt = { number: ++this.#attempts, isAwaited: true, timers: [] };
    this.#underWay = attempt;
    const late = () => this.#end(attempt, { kind: "failed", problem: `getCredential() took over ${attemptMs} ms` });
    attempt.timers.push(this.#clock.after(attemptMs, () => this.#clock.afterPoll(late)));
    if (this.#failures > 0) {
      attempt.timers.push(this.#clock.after(patienceAfterFailureMs, () => this.#stopAwaiting(attempt)));
    }
    void readCredential(this.#provider).then((result) => this.#end(attempt, result));
  }
  #stopAwaiting(attempt) {
    attempt.isAwaited = false;
    this.#release(this.#failure());
  }
  /** A call that was given up may still bring keys, unless a later one has. */
  #end(attempt, result) {
    if (this.#isClosed) return;
    const isUnderWay = attempt === this.#underWay;
    if (isUnderWay) this.#giveUpAttempt();
    const checked = this.#withoutExpired(result);
    if (checked.kind === "failed") {
      if (isUnderWay) this.#fail(checked.problem);
    } else if (attempt.number > (this.#keys?.attempt.number ?? 0)) {
      this.#keep(checked, attempt);
    }
  }
  #giveUpAttempt() {
    for (const timer of this.#underWay?.timers ?? []) timer.cancel();
    this.#underWay = void 0;
  }
  #withoutExpired(result) {
    if (result.kind === "failed" || result.expiresAtMs === void 0) return result;
    return result.expiresAtMs > this.#clock.epochMs() ? result : { kind: "failed", problem: "getCredential() returned expired keys (expiresAtMs: milliseconds since 1970)" };
  }
  #keep(result, attempt) {
    const nowMs = this.#clock.nowMs();
    const known = this.#keys?.credential;
    const credential = known !== void 0 && isSame2(known, result.credential) ? known : result.credential;
    const leftMs = (result.expiresAtMs ?? Number.POSITIVE_INFINITY) - this.#clock.epochMs();
    this.#keys = { credential, obtainedMs: nowMs, expiresMs: nowMs + leftMs, attempt };
    this.#lastFailure = void 0;
    this.#failures = credential === this.#rejected ? this.#failures + 1 : 0;
    this.#plan(Number.isFinite(leftMs) ? Math.min(leftMs * renewAfterShare, maxRenewalMs) : recheckMs);
    this.#release();
  }
  #fail(problem2) {
    this.#failures++;
    this.#lastFailure = { problem: problem2, atMs: this.#clock.nowMs() };
    this.#plan(0);
    this.#tell(problem2);
    this.#release(this.#failure(problem2));
  }
  /** The operator is to hear of it while the last keys still serve, and not of every hiccup. */
  #tell(problem2) {
    const { expiresMs = Number.NEGATIVE_INFINITY } = this.#keys ?? {};
    const leftMs = expiresMs - this.#clock.nowMs();
    if (leftMs <= 0) return this.#onFailure(problem2);
    if (this.#failures <= quietFailures) return;
    const end = Number.isFinite(leftMs) ? ` until ${new Date(this.#clock.epochMs() + leftMs).toISOString()}` : "";
    this.#onFailure(`${problem2}; the last keys serve${end}`);
  }
  /** Keys with an expiry are renewed without traffic as well, while they are valid; all others as calls need them. */
  #plan(delayMs) {
    const nowMs = this.#clock.nowMs();
    this.#pausedUntilMs = nowMs + Math.min(minPauseMs * 2 ** Math.max(0, this.#failures - 1), maxPauseMs);
    this.#dueMs = Math.max(nowMs + delayMs, this.#pausedUntilMs);
    this.#timer?.cancel();
    const { expiresMs = Number.NEGATIVE_INFINITY } = this.#keys ?? {};
    if (Number.isFinite(expiresMs) && this.#dueMs < expiresMs) {
      this.#timer = this.#clock.after(this.#dueMs - nowMs, () => this.#ask());
    }
  }
  #release(failure2) {
    for (const settle of this.#waiters) settle(failure2);
  }
  #failure(problem2 = this.#lastFailure?.problem ?? "there are no valid keys") {
    return { kind: this.#keys === void 0 ? "credential_failed" : "credential_unavailable", problem: problem2 };
  }
};
function isSame2(a, b) {
  return a.secretId === b.secretId && a.secretKey === b.secretKey && a.token === b.token;
}

// lib/tencent/ascii-json.ts
function asciiJson(value) {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
}
function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

// lib/tencent/https-sender.ts
var maxBodyBytes2 = 64 * 1024;
function httpsSender({ endpoint, sign, addresses, keepsAlive, clock }) {
  const pool = new ConnectionPool({ endpoint, addresses, keepsAlive, maxBodyBytes: maxBodyBytes2 });
  const path = `${endpoint.pathname}${endpoint.search}`;
  return {
    send({ action: action2, params }, credential, done) {
      const body = Buffer.from(asciiJson(params));
      const headers = sign(action2, body, credential, clock.epochMs());
      return new Delivery({ pool, addresses, clock, options: { method: "POST", path, headers, body }, done });
    },
    close: () => pool.close()
  };
}
var retryAfterMs = 50;
var codesBeforeSending = /* @__PURE__ */ new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);
var Delivery = class {
  #parts;
  #exchange;
  #retryTimer;
  /** What the first try came to, while the second one is yet to begin. */
  #first;
  #wasLost = false;
  constructor(parts) {
    this.#parts = parts;
    this.#exchange = new Exchange(parts, parts.pool.take(), (result) => this.#takeFirst(result));
  }
  stop() {
    this.#retryTimer?.cancel();
    this.#exchange.stop();
  }
  overdue(loopBlocked) {
    return this.#first ?? this.#marked(this.#exchange.overdue(loopBlocked));
  }
  #takeFirst(result) {
    const { clock, done } = this.#parts;
    if (this.#exchange.wasLost) {
      this.#wasLost = true;
      return this.#retry();
    }
    if (result.kind !== "unreachable" || !codesBeforeSending.has(result.problem)) return done(result);
    this.#first = result;
    this.#retryTimer = clock.after(retryAfterMs, () => this.#retry());
  }
  #retry() {
    const { pool, done } = this.#parts;
    this.#first = void 0;
    this.#exchange = new Exchange(this.#parts, pool.create(), (result) => done(this.#marked(result)));
  }
  #marked(result) {
    return this.#wasLost ? { kind: "retried", retry: result } : result;
  }
};
var Exchange = class {
  #pool;
  #addresses;
  #connection;
  #done;
  #isOver = false;
  /** Whether bytes of the request may have left. */
  #hasLeft = false;
  #wasLost = false;
  /** 0 before the head of the answer. */
  #status = 0;
  #contentType = "";
  #body = [];
  constructor({ pool, addresses, options: options2 }, connection, done) {
    this.#pool = pool;
    this.#addresses = addresses;
    this.#connection = connection;
    this.#done = done;
    connection.client.dispatch(options2, this);
  }
  /** Whether a kept connection ended under the request, before the head of an answer. */
  get wasLost() {
    return this.#wasLost;
  }
  stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pool.drop(this.#connection);
  }
  overdue(loopBlocked) {
    if (this.#connection.stopLookup !== void 0) return { kind: "local", problem: "name lookup not finished" };
    if (loopBlocked && !this.#hasLeft) return { kind: "local", problem: "event loop blocked" };
    return { kind: "timeout", loopBlocked };
  }
  onRequestStart() {
    this.#hasLeft = true;
  }
  onResponseStart(_, status, headers) {
    if (status < 200) return;
    this.#status = status;
    const contentType2 = headers["content-type"] ?? "";
    this.#contentType = typeof contentType2 === "string" ? contentType2 : contentType2[0] ?? "";
    if (status !== 200) this.#fail({ kind: "http_status", status });
    else if (/^text\/event-stream\b/i.test(this.#contentType)) {
      this.#fail({ kind: "unreadable", problem: "event stream" });
    }
  }
  onResponseData(_, chunk) {
    this.#body.push(chunk);
  }
  onResponseEnd() {
    if (this.#isOver) return;
    this.#isOver = true;
    const [first = Buffer.alloc(0), ...others] = this.#body;
    const body = (others.length === 0 ? first : Buffer.concat(this.#body)).toString("utf8");
    this.#noteAddress(body);
    this.#pool.giveBack(this.#connection);
    this.#done({ kind: "response", status: this.#status, contentType: this.#contentType, body });
  }
  onResponseError(_, error) {
    if (error.message === "bad upgrade") return this.#fail({ kind: "http_status", status: 101 });
    this.#wasLost = this.#hasLeft && this.#connection.isReused && this.#status === 0 && connectionEnded.has(error.code ?? "");
    const localCode = this.#hasLeft ? void 0 : localCodeOf(error);
    this.#fail(localCode === void 0 ? failure(error, this.#status !== 0) : { kind: "local", problem: localCode });
  }
  #fail(result) {
    if (this.#isOver) return;
    this.stop();
    this.#done(result);
  }
  #noteAddress(body) {
    const { address, family } = this.#connection;
    if (address === "" || this.#addresses.isProven(address)) return;
    if (body.includes('"CaptchaCode"')) this.#addresses.noteProven({ address, family });
  }
};
var connectionEnded = /* @__PURE__ */ new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
function failure(error, hasHead) {
  const problem2 = error.code ?? error.message;
  switch (problem2) {
    case "UND_ERR_DESTROYED":
      return { kind: "aborted" };
    case "UND_ERR_SOCKET":
      return { kind: "unreachable", problem: error.message };
    case "UND_ERR_RES_EXCEEDED_MAX_SIZE":
      return { kind: "unreadable", problem: `over ${maxBodyBytes2} bytes` };
    case "UND_ERR_HEADERS_OVERFLOW":
      return { kind: "unreadable", problem: problem2 };
    // A body that was cut off; before a body, a head with two lengths.
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return { kind: hasHead ? "unreachable" : "unreadable", problem: problem2 };
    default:
      return { kind: isNoHttp(error) ? "unreadable" : "unreachable", problem: problem2 };
  }
}
function isNoHttp({ name, message }) {
  return name === "HTTPParserError" && !message.includes("EOF");
}

// lib/tencent/with-deadline.ts
var loopBlockedMs = 200;
function withDeadline(start, timeoutMs, clock, done) {
  const dueMs = clock.nowMs() + timeoutMs;
  const arm = (onOver) => clock.after(timeoutMs, () => {
    const loopBlocked = clock.nowMs() - dueMs > loopBlockedMs;
    afterSockets(clock, () => onOver(loopBlocked));
  });
  return runUntil(arm, start, done);
}
function runUntil(arm, start, done) {
  let isSettled = false;
  const settle = (result) => {
    if (isSettled) return;
    isSettled = true;
    timer.cancel();
    done(result);
  };
  const giveUp = (result) => {
    if (isSettled) return;
    running.stop();
    settle(result);
  };
  const timer = arm((loopBlocked) => giveUp(running.overdue(loopBlocked)));
  const running = start((result) => process.nextTick(settle, result));
  return () => giveUp({ kind: "aborted" });
}

// lib/tencent/patient-deadline.ts
var slices = 20;
var toleratedShare = 1 / 8;
var busyShare = 1 / 4;
function withPatientDeadline(start, timeoutMs, clock, done) {
  const deadline = new PatientDeadline(clock, timeoutMs);
  return runUntil(
    (onOver) => deadline.start(() => onOver(false)),
    start,
    (result) => done(deadline.isLoopBusy ? withoutBlame(result) : result)
  );
}
function withoutBlame(result) {
  const mayBeOurs = result.kind === "timeout" || result.kind === "unreachable";
  return mayBeOurs ? { kind: "local", problem: "event loop busy" } : result;
}
var PatientDeadline = class {
  #clock;
  #timeoutMs;
  #startedMs;
  #lateMs = 0;
  #dueMs;
  #timer;
  #onOver = () => {
  };
  constructor(clock, timeoutMs) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#startedMs = clock.nowMs();
    this.#dueMs = this.#startedMs;
  }
  /** @param onOver called once the deadline is over and pending sockets were read */
  start(onOver) {
    this.#onOver = onOver;
    this.#wait(this.#timeoutMs);
    return { cancel: () => this.#timer?.cancel() };
  }
  /** Whether the event loop was late for more than a quarter of the time until now. */
  get isLoopBusy() {
    const nowMs = this.#clock.nowMs();
    const lateMs = this.#lateMs + Math.max(0, nowMs - this.#dueMs);
    return lateMs > busyShare * (nowMs - this.#startedMs);
  }
  #wait(leftMs) {
    const delayMs = Math.min(leftMs, this.#timeoutMs / slices);
    this.#dueMs = this.#clock.nowMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#tick());
  }
  #tick() {
    const nowMs = this.#clock.nowMs();
    this.#lateMs += Math.max(0, nowMs - this.#dueMs);
    const prolongedMs = Math.max(0, this.#lateMs - toleratedShare * this.#timeoutMs);
    const leftMs = this.#startedMs + this.#timeoutMs + Math.min(prolongedMs, this.#timeoutMs) - nowMs;
    if (leftMs > 0) return this.#wait(Math.ceil(leftMs));
    this.#dueMs = nowMs;
    afterSockets(this.#clock, this.#onOver);
  }
};

// lib/tencent/sdk-client-sender.ts
function sdkClientSender(client) {
  return (request, done) => {
    const abort = new AbortController();
    const listener = { done };
    sendWithSdkClient(client, request, abort.signal).then(
      (result) => listener.done?.(result),
      (error) => listener.done?.({ kind: "bug", error })
    );
    return {
      stop() {
        delete listener.done;
        abort.abort();
      },
      overdue: (loopBlocked) => ({ kind: "timeout", loopBlocked })
    };
  };
}
async function sendWithSdkClient(client, request, signal) {
  try {
    return { kind: "sdk_result", result: await client.request(request.action, request.params, { signal }) };
  } catch (error) {
    const failure2 = sdkFailure(error);
    return failure2.kind === "aborted" && !signal.aborted ? { kind: "timeout", loopBlocked: false } : failure2;
  }
}
function sdkFailure(error) {
  if (!(error instanceof Error) && !isErrorLike(error)) return { kind: "bug", error };
  const { code, httpCode, requestId, type, message, name } = error;
  if (typeof httpCode === "number" && typeof code !== "string") return { kind: "http_status", status: httpCode };
  const fetchFailure = failureOfFetch(error);
  if (fetchFailure !== void 0) return fetchFailure;
  if (isLocalCode(code)) return { kind: "local", problem: code };
  if (typeof code === "string" && systemCode.test(code)) return { kind: "unreachable", problem: code };
  if (typeof code === "string" && (isSdkException(error) || apiErrorCode.test(code))) {
    return { kind: "sdk_api_error", errorCode: code, requestId };
  }
  if (isSdkException(error) && "code" in error) return { kind: "unreadable", problem: "Error without Code" };
  if (name === "AbortError" || message === "The user aborted a request.") return { kind: "aborted" };
  if (typeof httpCode === "number") return { kind: "http_status", status: httpCode };
  if (name === "TimeoutError" || type === "body-timeout" || message.startsWith("network timeout at")) {
    return { kind: "timeout", loopBlocked: false };
  }
  if (type === "invalid-json") return { kind: "unreadable", problem: "not JSON" };
  if (code === "ERR_STREAM_PREMATURE_CLOSE") return { kind: "unreachable", problem: code };
  if (type === "system") {
    return code?.startsWith("Z_") ? { kind: "unreadable", problem: code } : { kind: "unreachable", problem: code ?? type };
  }
  if (/^(maximum redirect reached|uri requested responds with)/.test(message))
    return { kind: "http_status", status: 302 };
  const [, reason] = /^request to \S+ failed, reason:(.*)/.exec(message) ?? [];
  if (reason !== void 0) return transportFailure(reason);
  if (isEmptyReply(error, message)) return { kind: "unreadable", problem: "no Response" };
  return isSdkException(error) ? { kind: "credential_failed", problem: "the SDK client could not sign" } : { kind: "bug", error };
}
function transportFailure(reason) {
  const localCode = reason.match(/\b[A-Z]{5,}\b/g)?.find(isLocalCode);
  if (localCode !== void 0) return { kind: "local", problem: localCode };
  return { kind: "unreachable", problem: "SDK transport" };
}
function failureOfFetch(error) {
  const { name, message, cause } = error;
  if (name !== "TypeError" || !/^(fetch failed|terminated)$/.test(message)) return void 0;
  if (!isErrorLike(cause)) return { kind: "unreachable", problem: message };
  const problem2 = String(cause.code ?? message);
  const localCode = localCodeOf(cause);
  if (localCode !== void 0) return { kind: "local", problem: localCode };
  return /TIMEOUT$/.test(problem2) && problem2.startsWith("UND_") ? { kind: "timeout", loopBlocked: false } : { kind: "unreachable", problem: problem2 };
}
var apiErrorCode = /^[A-Z][a-z]+[A-Za-z]*(\.\w+)*$/;
var systemCode = /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPROTO|CERT_\w+|ERR_TLS_\w+|\w*SELF_SIGNED\w*)$/;
function isErrorLike(error) {
  return typeof error === "object" && error !== null && typeof Reflect.get(error, "message") === "string";
}
function isEmptyReply(error, message) {
  return error instanceof TypeError && /^Cannot read propert.*(Response|Error)'?\)?/.test(message);
}
function isSdkException(error) {
  return typeof error === "object" && error !== null && ("requestId" in error || "traceId" in error);
}

// lib/tencent/signed-headers.ts
import { createHash, createHmac } from "node:crypto";
var apiVersion = "2019-07-22";
var algorithm = "TC3-HMAC-SHA256";
var service = "captcha";
var contentType = "application/json";
var signedNames = "content-type;host";
function requestSigner({ hostname, pathname, search }) {
  const headers = `content-type:${contentType}
host:${hostname}
`;
  const unhashedRequest = `POST
${pathname}
${search.slice(1)}
${headers}
${signedNames}
`;
  let cached;
  return (action2, body, { secretId, secretKey, token }, epochMs) => {
    const timestamp = Math.floor(epochMs / 1e3);
    const day = Math.floor(timestamp / secondsInDay);
    if (cached?.day !== day || cached.secretKey !== secretKey) cached = deriveKey(secretKey, day);
    const hashedRequest = sha256(unhashedRequest + sha256(body));
    const signature = createHmac("sha256", cached.key).update(`${algorithm}
${timestamp}
${cached.scope}
${hashedRequest}`).digest("hex");
    const signed = [
      "Content-Type",
      contentType,
      "X-TC-Action",
      action2,
      "X-TC-Version",
      apiVersion,
      "X-TC-Timestamp",
      `${timestamp}`,
      "X-TC-RequestClient",
      "tencent-captcha-guard",
      "Authorization",
      `${algorithm} Credential=${secretId}/${cached.scope}, SignedHeaders=${signedNames}, Signature=${signature}`
    ];
    if (token) signed.push("X-TC-Token", token);
    return signed;
  };
}
var secondsInDay = 86400;
function deriveKey(secretKey, day) {
  const date = new Date(day * secondsInDay * 1e3).toISOString().slice(0, 10);
  const key2 = [date, service, "tc3_request"].reduce(
    (parent, part) => createHmac("sha256", parent).update(part).digest(),
    `TC3${secretKey}`
  );
  return { secretKey, day, scope: `${date}/${service}/tc3_request`, key: key2 };
}
function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

// lib/tencent/verify-call.ts
var captchaType = 9;
function apiRequest(call, captchaAppId, appSecretKey) {
  const common = {
    CaptchaType: captchaType,
    Ticket: call.ticket,
    UserIp: call.userIp,
    CaptchaAppId: captchaAppId,
    AppSecretKey: appSecretKey,
    ...riskParams(call.risk)
  };
  switch (call.channel) {
    case "web":
      return {
        action: "DescribeCaptchaResult",
        params: { ...common, Randstr: call.randstr, ...call.risk?.needGetCaptchaTime && { NeedGetCaptchaTime: 1 } }
      };
    case "mini_program":
      return { action: "DescribeCaptchaMiniResult", params: common };
  }
}
function riskParams({ businessId, sceneId, macAddress, imei } = {}) {
  return {
    ...businessId !== void 0 && { BusinessId: businessId },
    ...sceneId !== void 0 && { SceneId: sceneId },
    ...macAddress !== void 0 && { MacAddress: macAddress },
    ...imei !== void 0 && { Imei: imei }
  };
}

// lib/tencent/upstream.ts
function createUpstreams(config, clock, lookups) {
  const { transport: transport2 } = config;
  switch (transport2.kind) {
    case "client": {
      const send = sdkClientSender(transport2.client);
      const over = (run) => upstreamOf(
        config,
        (request, timeoutMs, done) => run((onResult) => send(request, onResult), timeoutMs, clock, done)
      );
      return {
        calls: over(withDeadline),
        canary: over(withPatientDeadline),
        isCanaryApart: false,
        credential: () => ({ source: "client" }),
        close() {
        }
      };
    }
    case "https": {
      const { endpoints, credential } = transport2;
      const keeper = "getCredential" in credential ? new CredentialKeeper(credential, clock, config.onCredentialFailure ?? (() => {
      })) : void 0;
      const open = endpoints.map((endpoint) => openEndpoint({ config, endpoint, credential, keeper, clock, lookups }));
      const [preferred, ...siblings] = open.map(({ ways: ways2 }) => ways2);
      return {
        ...preferred,
        siblings,
        isCanaryApart: true,
        credential: () => keeper?.snapshot() ?? { source: "fixed" },
        close() {
          for (const { close } of open) close();
          keeper?.close();
        }
      };
    }
  }
}
var madeUpSecretKey = "notTheRealAppSecretKey000";
function openEndpoint({ config, endpoint, credential, keeper, clock, lookups }) {
  const addresses = addressSources(hostOf(endpoint), clock, lookups);
  const common = { endpoint, sign: requestSigner(endpoint), clock };
  const callsSender = httpsSender({ ...common, addresses: addresses.calls, keepsAlive: true });
  const canarySender = httpsSender({ ...common, addresses: addresses.canary, keepsAlive: false });
  const over = ({ send }, run, { appSecretKey } = config) => {
    const sendSigned = (request, keys, timeoutMs, done) => run((onResult) => send(request, keys, onResult), timeoutMs, clock, done);
    return upstreamOf(
      { ...config, appSecretKey },
      (request, timeoutMs, done, waitedMs) => keeper ? callWithKeys({ keeper, clock, timeoutMs, waitedMs, send: (...args) => sendSigned(request, ...args) }, done) : sendSigned(request, credential, timeoutMs, done)
    );
  };
  const ways2 = {
    url: endpoint.href,
    calls: { ...over(callsSender, withDeadline), ...keeper && { keys: keeper } },
    canary: over(canarySender, withPatientDeadline),
    scout: over(canarySender, withPatientDeadline, { appSecretKey: madeUpSecretKey })
  };
  return {
    ways: ways2,
    close() {
      callsSender.close();
      canarySender.close();
      addresses.close();
    }
  };
}
function upstreamOf({ captchaAppId, appSecretKey }, run) {
  const context = new AsyncResource2("TencentCaptchaUpstream");
  const start = (call, timeoutMs, done, waitedMs) => run(apiRequest(call, captchaAppId, appSecretKey), timeoutMs, done, waitedMs);
  return {
    verify(call, timeoutMs, done, waitedMs = 0) {
      const giveUp = context.runInAsyncScope(start, void 0, call, timeoutMs, done, waitedMs);
      return () => context.runInAsyncScope(giveUp);
    }
  };
}

// lib/report/outage-log.ts
var noLate = Object.freeze({ waiting: 0, genuine: 0, refused: 0, inconclusive: 0 });
var waitForLateMs = 5e3;
var OutageLog = class {
  #options;
  #countsAtStart;
  #pending;
  constructor(options2) {
    this.#options = options2;
    this.#countsAtStart = noLate;
  }
  changed(change) {
    const { path, announce } = this.#options;
    announce.state({ kind: "path", path, ...change });
  }
  started({ why }) {
    this.flush();
    this.#countsAtStart = this.#late();
    this.#options.announce.event("warn", "captcha_outage_started", { path: this.#options.path, why });
  }
  ended(outage) {
    const timer = this.#options.clock.after(waitForLateMs, () => this.flush());
    this.#pending = { outage, timer };
    if (this.#late().waiting === 0) this.flush();
  }
  /** Writes the line that waits, if one does. */
  flush() {
    if (this.#pending === void 0) return;
    const { outage, timer } = this.#pending;
    this.#pending = void 0;
    timer.cancel();
    const { path, announce } = this.#options;
    const { why, durationMs: durationMs2, decisions } = outage;
    announce.event("info", "captcha_outage_ended", {
      path,
      why,
      durationMs: Math.round(durationMs2),
      decisions,
      ...path === "api" && { late: this.#lateSummary() }
    });
  }
  #late() {
    return this.#options.late?.() ?? noLate;
  }
  #lateSummary() {
    const now = this.#late();
    const genuine = now.genuine - this.#countsAtStart.genuine;
    const refused = now.refused - this.#countsAtStart.refused;
    const inconclusive = now.inconclusive - this.#countsAtStart.inconclusive;
    const judged = genuine + refused;
    return {
      genuine,
      refused,
      inconclusive,
      ...judged > 0 && { genuineShare: Number((genuine / judged).toFixed(3)) }
    };
  }
};

// lib/site/confirmed-canary.ts
var confirmAfterMs = 2e3;
function confirmedCanary(run, clock) {
  return (timeoutMs, done) => {
    let timer;
    let giveUp = run(timeoutMs, (report) => {
      if (report !== "failed") return done(report);
      timer = clock.after(confirmAfterMs, () => {
        timer = void 0;
        giveUp = run(timeoutMs, done);
      });
    });
    return () => {
      if (timer === void 0) return giveUp();
      timer.cancel();
      done("unknown");
    };
  };
}

// lib/structures/keyed-hash.ts
import { randomBytes } from "node:crypto";
var KeyedHash = class {
  #key0;
  #key1;
  /** The lower and the upper half of the last {@link hash}; read before the next one. */
  low = 0;
  high = 0;
  /** @param key Eight bytes; random unless a test needs to know them. */
  constructor(key2 = randomBytes(8)) {
    this.#key0 = key2.readInt32LE(0);
    this.#key1 = key2.readInt32LE(4);
  }
  /** Hashes UTF-16 code units, two to a word, and the length. */
  hash(text3) {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 238;
    let v22 = this.#key0 ^ 1819895653;
    let v3 = this.#key1 ^ 1952801890;
    const { length } = text3;
    const words = (length >> 1) + 1;
    for (let index = 0; index < words + 3; index++) {
      let word = 0;
      if (index < words - 1) word = text3.charCodeAt(2 * index) | text3.charCodeAt(2 * index + 1) << 16;
      else if (index === words - 1) word = length << 16 | (length & 1 ? text3.charCodeAt(length - 1) : 0);
      else if (index === words) v22 ^= 238;
      v3 ^= word;
      v0 = v0 + v1 | 0;
      v1 = v1 << 5 | v1 >>> 27;
      v1 ^= v0;
      v0 = v0 << 16 | v0 >>> 16;
      v22 = v22 + v3 | 0;
      v3 = v3 << 8 | v3 >>> 24;
      v3 ^= v22;
      v0 = v0 + v3 | 0;
      v3 = v3 << 7 | v3 >>> 25;
      v3 ^= v0;
      v22 = v22 + v1 | 0;
      v1 = v1 << 13 | v1 >>> 19;
      v1 ^= v22;
      v22 = v22 << 16 | v22 >>> 16;
      v0 ^= word;
    }
    this.low = (v1 ^ v3) >>> 0;
    v1 ^= 221;
    for (let round = 0; round < 3; round++) {
      v0 = v0 + v1 | 0;
      v1 = v1 << 5 | v1 >>> 27;
      v1 ^= v0;
      v0 = v0 << 16 | v0 >>> 16;
      v22 = v22 + v3 | 0;
      v3 = v3 << 8 | v3 >>> 24;
      v3 ^= v22;
      v0 = v0 + v3 | 0;
      v3 = v3 << 7 | v3 >>> 25;
      v3 ^= v0;
      v22 = v22 + v1 | 0;
      v1 = v1 << 13 | v1 >>> 19;
      v1 ^= v22;
      v22 = v22 << 16 | v22 >>> 16;
    }
    this.high = (v1 ^ v3) >>> 0;
  }
};

// lib/structures/recent-hashes.ts
var minimumRing = 1024;
var gone = Number.NEGATIVE_INFINITY;
var RecentHashes = class {
  #windowMs;
  #maxKeys;
  #hash = new KeyedHash();
  /** Positions count on for ever; the ring's length, a power of two, wraps them. */
  #first = 0;
  #next = 0;
  #deleted = 0;
  #lows = new Uint32Array(minimumRing);
  #highs = new Uint32Array(minimumRing);
  #addedMs = new Float64Array(minimumRing);
  /** Place in the ring plus one, by hash; 0 is empty. Twice as long as the ring, so that probing stays short. */
  #index = new Uint32Array(2 * minimumRing);
  constructor(windowMs4, maxKeys7) {
    this.#windowMs = windowMs4;
    this.#maxKeys = maxKeys7;
  }
  /** A longer window holds what is still there; a shorter one forgets at once. */
  setWindow(windowMs4) {
    this.#windowMs = windowMs4;
  }
  get size() {
    return this.#next - this.#first - this.#deleted;
  }
  has(key2, nowMs) {
    const place = this.#placeOf(key2);
    return place >= 0 && nowMs - this.#addedMs[place] < this.#windowMs;
  }
  /** False when it is there already. */
  add(key2, nowMs) {
    const place = this.#placeOf(key2);
    if (place >= 0) {
      if (nowMs - this.#addedMs[place] < this.#windowMs) return false;
      this.#forget(place);
    }
    const { low, high } = this.#hash;
    this.#dropOld(nowMs);
    if (this.#next - this.#first === this.#lows.length) this.#resize(this.#lows.length * 2);
    this.#append(low, high, nowMs);
    return true;
  }
  delete(key2) {
    const place = this.#placeOf(key2);
    if (place >= 0) this.#forget(place);
  }
  /** Place in the ring, or -1. */
  #placeOf(key2) {
    this.#hash.hash(key2);
    const { low, high } = this.#hash;
    const mask = this.#index.length - 1;
    for (let slot = low & mask; ; slot = slot + 1 & mask) {
      const place = this.#index[slot] - 1;
      if (place < 0) return -1;
      if (this.#lows[place] === low && this.#highs[place] === high && this.#addedMs[place] !== gone) return place;
    }
  }
  #append(low, high, addedMs) {
    const place = this.#next++ & this.#lows.length - 1;
    this.#lows[place] = low;
    this.#highs[place] = high;
    this.#addedMs[place] = addedMs;
    const mask = this.#index.length - 1;
    let slot = low & mask;
    while (this.#index[slot] !== 0) slot = slot + 1 & mask;
    this.#index[slot] = place + 1;
  }
  /** Stays in the ring, and in the index, until it is the oldest. */
  #forget(place) {
    this.#addedMs[place] = gone;
    this.#deleted++;
  }
  /** Two for each one added, so that it shrinks after a flood; and whatever is over the bound. */
  #dropOld(nowMs) {
    for (let dropped = 0; this.#first < this.#next; dropped++) {
      const addedMs = this.#addedMs[this.#first & this.#lows.length - 1];
      const isOver = this.#next - this.#first >= this.#maxKeys;
      if (!isOver && (dropped >= 2 || nowMs - addedMs < this.#windowMs)) break;
      this.#dropFirst();
    }
    const { length } = this.#lows;
    if (length > minimumRing && this.#next - this.#first < length / 8) this.#resize(length / 2);
  }
  #dropFirst() {
    const place = this.#first++ & this.#lows.length - 1;
    if (this.#addedMs[place] === gone) this.#deleted--;
    const mask = this.#index.length - 1;
    let slot = this.#lows[place] & mask;
    while (this.#index[slot] !== place + 1) slot = slot + 1 & mask;
    this.#closeGap(slot, mask);
  }
  /** Empties a slot of the index and moves up what was pushed past it. */
  #closeGap(slot, mask) {
    let gap = slot;
    for (let at = slot + 1 & mask; this.#index[at] !== 0; at = at + 1 & mask) {
      const home = this.#lows[this.#index[at] - 1] & mask;
      if ((at - home & mask) < (at - gap & mask)) continue;
      this.#index[gap] = this.#index[at];
      gap = at;
    }
    this.#index[gap] = 0;
  }
  #resize(length) {
    const [lows, highs, times, first, next] = [this.#lows, this.#highs, this.#addedMs, this.#first, this.#next];
    const mask = lows.length - 1;
    this.#lows = new Uint32Array(length);
    this.#highs = new Uint32Array(length);
    this.#addedMs = new Float64Array(length);
    this.#index = new Uint32Array(2 * length);
    this.#first = 0;
    this.#next = 0;
    this.#deleted = 0;
    for (let position = first; position < next; position++) {
      const addedMs = times[position & mask];
      if (addedMs !== gone) this.#append(lows[position & mask], highs[position & mask], addedMs);
    }
  }
};

// lib/site/replay-memory.ts
var replayWindowMs = 3e5;
var maxTickets = 5e5;
var ReplayMemory = class {
  #windowMs = replayWindowMs;
  #passed = new RecentHashes(replayWindowMs, maxTickets);
  /** How long a ticket is held, in milliseconds. */
  get windowMs() {
    return this.#windowMs;
  }
  /** Holds tickets at least this long from now on. */
  widen(windowMs4) {
    if (windowMs4 <= this.#windowMs) return;
    this.#windowMs = windowMs4;
    this.#passed.setWindow(windowMs4);
  }
  /** True when the ticket passed within the window. */
  has(ticketKey, nowMs) {
    return this.#passed.has(ticketKey, nowMs);
  }
  /** Marks a ticket as passed. Returns false when it had passed already. */
  markPassed(ticketKey, nowMs) {
    return this.#passed.add(ticketKey, nowMs);
  }
  /** Undoes a mark whose request did not pass after all. */
  unmark(ticketKey) {
    this.#passed.delete(ticketKey);
  }
  /** Tickets held. */
  get size() {
    return this.#passed.size;
  }
};

// lib/site/late-verification.ts
var maxTickets2 = 5e3;
var paceMs = 50;
var maxTries = 3;
var firstPauseMs = 1e3;
var maxPauseMs2 = 3e4;
var LateVerification = class {
  #options;
  #queue = /* @__PURE__ */ new Map();
  /** Where dropping has come to, while tickets have to be dropped. Kept any longer it would hold every table that the map outgrew. */
  #byAge;
  /** Tickets that Tencent is asked about right now. */
  #underWay = /* @__PURE__ */ new Set();
  #counts = { genuine: 0, refused: 0, inconclusive: 0 };
  #pauseMs = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #timer;
  #isClosed = false;
  constructor(options2) {
    this.#options = options2;
  }
  /** Keeps a ticket. Returns a function that drops it again. */
  add(ticket) {
    if (this.#isClosed || !this.#options.isOn()) return () => {
    };
    if (this.#queue.size >= maxTickets2) this.#queue.delete(this.#oldest());
    else this.#byAge = void 0;
    this.#queue.set(ticket, { tries: 0, mayBeSpent: ticket.mayBeSpent });
    this.resume();
    return () => {
      this.#queue.delete(ticket);
      this.#underWay.delete(ticket);
    };
  }
  /** One iterator for all, which goes on where it was: a new one would walk over what was deleted before. */
  #oldest() {
    let next = this.#byAge?.next();
    if (next === void 0 || next.done) {
      this.#byAge = this.#queue.keys();
      next = this.#byAge.next();
    }
    return next.value;
  }
  /** Starts the next verification if Tencent is back; to be called when the circuit changes. */
  resume() {
    if (this.#timer !== void 0 || this.#isClosed || this.#queue.size === 0 || !this.#options.isBack()) return;
    const delayMs = Math.max(paceMs, this.#pausedUntilMs - this.#options.clock.nowMs());
    this.#timer = this.#options.clock.after(delayMs, () => this.#step());
  }
  /** The counts now. */
  snapshot() {
    return { waiting: this.#queue.size + this.#underWay.size, ...this.#counts };
  }
  close() {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#queue.clear();
    this.#underWay.clear();
  }
  #step() {
    this.#timer = void 0;
    this.#byAge = void 0;
    this.#dropDead();
    const [[ticket, attempts] = []] = this.#queue;
    if (ticket === void 0 || attempts === void 0) return this.#tellIfDrained();
    if (!this.#options.isBack()) return;
    if (!this.#options.verify(ticket.context, (reply) => this.#settle(ticket, reply, attempts))) return this.resume();
    this.#queue.delete(ticket);
    this.#underWay.add(ticket);
    if (this.#queue.size > 0) this.resume();
  }
  #settle(ticket, reply, before) {
    const isCalledOff = !this.#underWay.delete(ticket);
    if (isCalledOff) return;
    const judged = judgeLate(reply, before.mayBeSpent);
    const attempts = countAttempt(reply, before);
    if (judged === void 0) this.#pause();
    else this.#pauseMs = 0;
    if (judged === void 0 && attempts.tries < maxTries) this.#queue.set(ticket, attempts);
    else this.#tell(ticket, judged ?? { outcome: "inconclusive" });
    this.resume();
  }
  #tell(ticket, lateVerdict) {
    this.#counts[lateVerdict.outcome]++;
    this.#options.onVerdict(ticket, lateVerdict);
    this.#tellIfDrained();
  }
  #tellIfDrained() {
    if (this.#queue.size + this.#underWay.size === 0) this.#options.onDrained();
  }
  /** Calls that were under way when a pause began do not lengthen it. */
  #pause() {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#pausedUntilMs) return;
    this.#pauseMs = Math.min(maxPauseMs2, Math.max(firstPauseMs, this.#pauseMs * 2));
    this.#pausedUntilMs = nowMs + this.#pauseMs;
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  #dropDead() {
    const oldestAliveMs = this.#options.clock.nowMs() - replayWindowMs;
    for (const ticket of this.#queue.keys()) {
      if (ticket.passedMs > oldestAliveMs) return;
      this.#queue.delete(ticket);
    }
  }
};
function judgeLate(reply, mayBeSpent) {
  switch (reply.kind) {
    case "verified":
      return { outcome: "genuine", captchaCode: reply.facts.captchaCode ?? 1 };
    case "refused": {
      const { captchaCode } = reply.facts;
      const code = captchaCode === void 0 ? {} : { captchaCode };
      return reply.reason === "ticket_reused" && mayBeSpent ? { outcome: "inconclusive", ...code } : { outcome: "refused", reason: reply.reason, ...code };
    }
    case "degraded":
    case "bug":
      return void 0;
  }
}
function countAttempt(reply, { tries, mayBeSpent }) {
  const isTry = reply.kind === "bug" || reply.kind === "degraded" && causeTable[reply.cause].canary === "failed";
  return { tries: isTry ? tries + 1 : tries, mayBeSpent: mayBeSpent || mayHaveSpent(reply) };
}

// lib/site/site.ts
import { randomUUID as randomUUID3 } from "node:crypto";

// lib/store/checked-session.ts
function checkedSession(session) {
  const { publishStatus, readStatuses } = session;
  return {
    claim: async (claim) => readClaimResult(await session.claim(claim)),
    release: (claim) => session.release(claim),
    recordVerified: async (verified) => ({ isFirst: flag2(await session.recordVerified(verified), "isFirst") }),
    recordHistory: (clientKey) => session.recordHistory(clientKey),
    readHistory: async (clientKey) => readHistory(await session.readHistory(clientKey)),
    heartbeat: async (own) => readState(await session.heartbeat(own)),
    setOverride: async (override) => readOverride(await session.setOverride(override)),
    publishStatus: publishStatus && ((status) => publishStatus.call(session, status)),
    readStatuses: readStatuses && (async () => list(await readStatuses.call(session)))
  };
}
function readClaimResult(result) {
  const kind = member(result, "kind");
  switch (kind) {
    case "replayed":
    case "unknown_client":
      return { kind };
    case "granted":
      return { kind, history: readHistory(member(result, "history")) };
    case "over_limit":
      return { kind, history: readHistory(member(result, "history")), retryAfterMs: amount(result, "retryAfterMs") };
    default:
      throw unreadable("kind");
  }
}
function readHistory(history) {
  return isAbsent4(history) ? void 0 : { verifiedPerMinute: amount(history, "verifiedPerMinute") };
}
function readState(state) {
  const processes = amount(state, "processes");
  if (processes < 1) throw unreadable("processes");
  const override = member(state, "override");
  return {
    nowMs: amount(state, "nowMs"),
    processes,
    baselinePerMinute: optionalAmount(state, "baselinePerMinute"),
    referencePerMinute: optionalAmount(state, "referencePerMinute"),
    override: isAbsent4(override) ? void 0 : readOverride(override)
  };
}
function readOverride(override) {
  const mode = member(override, "mode");
  if (mode !== "pass" && mode !== "verify_only" && mode !== "none") throw unreadable("mode");
  const forMs = optionalAmount(override, "forMs") ?? null;
  return { id: text2(override, "id"), mode, by: text2(override, "by"), forMs, setMs: amount(override, "setMs") };
}
function member(value, name) {
  if (typeof value !== "object" || value === null) throw unreadable(name);
  return Reflect.get(value, name);
}
function amount(value, name) {
  const given2 = member(value, name);
  if (typeof given2 === "number" && Number.isFinite(given2) && given2 >= 0) return given2;
  throw unreadable(name);
}
function optionalAmount(value, name) {
  return isAbsent4(member(value, name)) ? void 0 : amount(value, name);
}
function text2(value, name) {
  const given2 = member(value, name);
  if (typeof given2 === "string") return given2;
  throw unreadable(name);
}
function flag2(value, name) {
  const given2 = member(value, name);
  if (typeof given2 === "boolean") return given2;
  throw unreadable(name);
}
function list(value) {
  if (Array.isArray(value)) return value;
  throw unreadable("statuses");
}
function isAbsent4(value) {
  return value === void 0 || value === null;
}
function unreadable(name) {
  return new TypeError(`unreadable answer of the store: \`${name}\``);
}

// lib/store/heartbeat-interval.ts
var minHeartbeatEveryMs = 1e3;
var maxHeartbeatEveryMs = 5e3;
var perProcessMs = 5;
var jitterShare = 0.2;
function heartbeatAfterMs(processes, chance) {
  const wantedMs = perProcessMs * processes;
  const everyMs = wantedMs > minHeartbeatEveryMs ? Math.min(wantedMs, maxHeartbeatEveryMs) : minHeartbeatEveryMs;
  return everyMs * (1 + jitterShare * chance);
}

// lib/store/store-lifetimes.ts
var hourMs = 36e5;
var storeLifetimes = Object.freeze({
  historyMs: 24 * hourMs,
  rateMemoryMs: 6e5,
  processMs: 3 * maxHeartbeatEveryMs,
  baselineMs: 24 * hourMs,
  referenceMs: 7 * 24 * hourMs,
  overrideMs: 7 * 24 * hourMs
});

// lib/store/store-link.ts
var deadlineMs2 = 200;
var retryEveryMs = 1e3;
var maxRetryEveryMs = 3e4;
var steadyMs = 1e4;
var lostAfterMs = 3e4;
var maxReasonLength = 200;
var StoreLink = class {
  #options;
  /** Ends the wait of each operation under way, for when the store is lost. */
  #waiting = /* @__PURE__ */ new Set();
  #state = "unknown";
  #timer;
  #isClosed = false;
  #retryMs = retryEveryMs;
  #upSinceMs = Number.NEGATIVE_INFINITY;
  #firstBeat;
  constructor(options2) {
    this.#options = options2;
    this.#firstBeat = new Promise((resolve2) => options2.clock.afterPoll(() => resolve2(this.#beat())));
  }
  get isUp() {
    return this.#state === "up";
  }
  /** True when asking is useless. False while the first answer is awaited, so that a restart lifts no limit. */
  get isDown() {
    return this.#state === "down";
  }
  /** Runs one operation unless the store is down; settles within 200 ms. Never rejects. */
  async ask(operation) {
    const { clock } = this.#options;
    const dueMs = clock.nowMs() + deadlineMs2;
    if (this.#state === "unknown") await this.#firstBeat;
    if (this.#state !== "up") return { kind: "down", late: Promise.resolve(void 0) };
    return this.#attempt(operation, dueMs - clock.nowMs()).answer;
  }
  /** Runs one operation without waiting for it. */
  tell(operation) {
    void this.ask(operation);
  }
  /** Whether the store takes and gives the statuses of processes. */
  get sharesStatus() {
    const { publishStatus, readStatuses } = this.#options.session;
    return publishStatus !== void 0 && readStatuses !== void 0;
  }
  /**
   * Runs one operation that no decision needs, if the store is up; settles within 200 ms, to `undefined` where it failed. A failure
   * marks nothing as down: many statuses on a slow line must not cost the site its shared limits.
   */
  async askAside(operation) {
    if (this.#state !== "up") return void 0;
    const answer = await this.#attempt(operation, deadlineMs2, () => {
    }).answer;
    return answer.kind === "answer" ? answer.value : void 0;
  }
  /** Undoes an operation that was given up and ran late. It runs in any state, for the store has just answered. */
  undo(operation) {
    if (!this.#isClosed) void this.#attempt(operation, deadlineMs2);
  }
  close() {
    this.#isClosed = true;
    this.#state = "down";
    this.#timer?.cancel();
    this.#letGo();
  }
  #attempt(operation, withinMs, onFailure = (why) => this.#goDown(why)) {
    const { session, clock } = this.#options;
    const settled = runSafely(() => operation(session));
    const late = settled.then(
      (value) => value,
      () => void 0
    );
    const answer = new Promise((resolve2) => {
      const end = (result) => {
        timer.cancel();
        this.#waiting.delete(letGo);
        resolve2(result);
      };
      const letGo = () => end({ kind: "down", late });
      const fail = (why) => {
        letGo();
        onFailure(why);
      };
      const timer = clock.after(
        withinMs,
        () => clock.afterPoll(() => {
          if (this.#waiting.has(letGo)) fail(`no answer within ${deadlineMs2} ms`);
        })
      );
      this.#waiting.add(letGo);
      settled.then(
        (value) => end({ kind: "answer", value }),
        (error) => {
          if (this.#waiting.has(letGo)) fail(reasonOf(error));
        }
      );
    });
    return { answer, late };
  }
  async #beat() {
    if (this.#isClosed) return;
    const { clock, learned } = this.#options;
    this.#timer = void 0;
    const startedMs = clock.nowMs();
    const own = learned();
    const { answer, late } = this.#attempt((session) => session.heartbeat(own), deadlineMs2);
    const beat = await answer;
    if (this.#isClosed) return;
    this.#beatAfter(lostAfterMs);
    if (beat.kind === "answer") return this.#take(beat.value);
    void late.then(() => {
      const sinceMs = clock.nowMs() - startedMs;
      if (sinceMs < lostAfterMs && this.#timer !== void 0) this.#beatAfter(Math.max(0, this.#retryMs - sinceMs));
    });
  }
  /** A store of the application's own may answer anything: what cannot be read is no answer. */
  #take(state) {
    try {
      this.#goUp();
      this.#options.onState(state);
      this.#beatAfter(heartbeatAfterMs(state.processes, this.#options.clock.jitter()));
    } catch (error) {
      this.#goDown(reasonOf(error));
    }
  }
  #beatAfter(delayMs) {
    this.#timer?.cancel();
    this.#timer = this.#isClosed ? void 0 : this.#options.clock.after(delayMs, () => void this.#beat());
  }
  #goUp() {
    if (this.#state === "up") return;
    const wasDown = this.#state === "down";
    this.#state = "up";
    this.#upSinceMs = this.#options.clock.nowMs();
    if (wasDown) this.#options.onUp();
  }
  #goDown(why) {
    if (this.#isClosed || this.#state === "down") return;
    const wasSteady = this.#state === "unknown" || this.#options.clock.nowMs() - this.#upSinceMs >= steadyMs;
    this.#retryMs = wasSteady ? retryEveryMs : Math.min(this.#retryMs * 2, maxRetryEveryMs);
    this.#state = "down";
    this.#letGo();
    this.#options.onDown(why);
    if (this.#timer !== void 0) this.#beatAfter(this.#retryMs);
  }
  #letGo() {
    for (const letGo of [...this.#waiting]) letGo();
  }
};
async function runSafely(operation) {
  return operation();
}
function reasonOf(error) {
  const message = typeof error === "object" && error !== null && Reflect.get(error, "message");
  return String(message || error).slice(0, maxReasonLength);
}

// lib/structures/rolling-counts.ts
var RollingCounts = class {
  #kinds;
  #slotMs;
  #slotCount;
  /** A row of counts for each slot. */
  #counts;
  /** The youngest slot, counted from time 0. */
  #slot = 0;
  constructor(kinds, windowMs4, slotCount3) {
    this.#kinds = kinds;
    this.#slotMs = windowMs4 / slotCount3;
    this.#slotCount = slotCount3;
    this.#counts = new Uint32Array(slotCount3 * kinds.length);
  }
  add(kind, nowMs) {
    this.#roll(nowMs);
    const at = this.#placeOf(this.#slot, kind);
    this.#counts[at] = this.#counts[at] + 1;
  }
  /** Counts of a kind in the last `withinMs`, at most the whole window, as a whole number of slots. */
  count(kind, nowMs, withinMs = Number.POSITIVE_INFINITY) {
    this.#roll(nowMs);
    const slots = Math.min(this.#slotCount, Math.ceil(withinMs / this.#slotMs));
    let total = 0;
    for (let back = 0; back < slots; back++) total += this.#counts[this.#placeOf(this.#slot - back, kind)];
    return total;
  }
  clear() {
    this.#counts.fill(0);
  }
  #roll(nowMs) {
    const slot = Math.floor(nowMs / this.#slotMs);
    const passed = Math.min(this.#slotCount, slot - this.#slot);
    const width = this.#kinds.length;
    for (let step = 1; step <= passed; step++) {
      const row = (this.#slot + step) % this.#slotCount * width;
      this.#counts.fill(0, row, row + width);
    }
    this.#slot = Math.max(this.#slot, slot);
  }
  #placeOf(slot, kind) {
    const row = (slot + this.#slotCount) % this.#slotCount;
    return row * this.#kinds.length + this.#kinds.indexOf(kind);
  }
};

// lib/structures/aging-map.ts
var batchShare = 1 / 64;
var AgingMap = class {
  #maxKeys;
  #entries = /* @__PURE__ */ new Map();
  #setSinceSweep = 0;
  constructor(maxKeys7) {
    this.#maxKeys = maxKeys7;
  }
  get size() {
    return this.#entries.size;
  }
  get(key2) {
    return this.#entries.get(key2);
  }
  /** Makes this key the youngest, then drops old ones as far as it is time. */
  set(key2, value, isOld) {
    this.#entries.delete(key2);
    this.#entries.set(key2, value);
    this.#setSinceSweep++;
    const isOver = this.#entries.size > this.#maxKeys;
    if (isOver || this.#setSinceSweep >= this.#entries.size * batchShare) this.#sweep(isOver, isOld);
  }
  delete(key2) {
    this.#entries.delete(key2);
  }
  #sweep(isOver, isOld) {
    let mustLeave = isOver ? Math.ceil(this.#maxKeys * batchShare) : 0;
    let mayLeave = 2 * this.#setSinceSweep;
    this.#setSinceSweep = 0;
    for (const [key2, value] of this.#entries) {
      if (mustLeave-- <= 0 && (mayLeave-- <= 0 || !isOld(value))) return;
      this.#entries.delete(key2);
    }
  }
};

// lib/structures/sliding-log.ts
var SlidingLog = class {
  #windowMs;
  /** Ordered by last event, oldest first. */
  #timesByKey;
  constructor(windowMs4, maxKeys7) {
    this.#windowMs = windowMs4;
    this.#timesByKey = new AgingMap(maxKeys7);
  }
  /** A longer window sees what is still held; a shorter one forgets at once. */
  setWindow(windowMs4) {
    this.#windowMs = windowMs4;
  }
  count(key2, nowMs) {
    const times = this.#timesByKey.get(key2);
    if (times === void 0) return 0;
    this.#dropOld(times, nowMs);
    return times.length;
  }
  /** @param maxTimes most that is kept of this key, the youngest */
  add(key2, nowMs, maxTimes = Number.POSITIVE_INFINITY) {
    const known = this.#timesByKey.get(key2);
    const times = known ?? [nowMs];
    if (known !== void 0) {
      this.#dropOld(known, nowMs);
      known.push(nowMs);
      if (known.length > maxTimes) known.splice(0, known.length - maxTimes);
    }
    const oldestMs = nowMs - this.#windowMs;
    this.#timesByKey.set(key2, times, (others) => (others.at(-1) ?? Number.NEGATIVE_INFINITY) <= oldestMs);
  }
  /** Takes the event of this very time back. */
  remove(key2, atMs) {
    const times = this.#timesByKey.get(key2);
    const index = times?.lastIndexOf(atMs) ?? -1;
    if (times === void 0 || index < 0) return;
    times.splice(index, 1);
    if (times.length === 0) this.#timesByKey.delete(key2);
  }
  /** Forgets every event of a key. */
  forget(key2) {
    this.#timesByKey.delete(key2);
  }
  get keys() {
    return this.#timesByKey.size;
  }
  #dropOld(times, nowMs) {
    let old = 0;
    while (old < times.length && (times[old] ?? 0) <= nowMs - this.#windowMs) old++;
    if (old > 0) times.splice(0, old);
  }
};

// lib/site/learned-rate.ts
var decreaseFactor = 0.5;
var increaseShare = 0.02;
var minIncreasePerSecond = 0.1;
var decreaseEveryMs = 1e3;
var burstCalls = 10;
var burstMs = 250;
var LearnedRate = class {
  /** As of the last decrease. */
  #perSecond = Number.POSITIVE_INFINITY;
  #increasePerSecond = 0;
  #decreasedMs = Number.NEGATIVE_INFINITY;
  /** When the next call is due at an even pace. */
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Calls a second now; without bound before the first decrease. */
  perSecond(nowMs) {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return this.#perSecond;
    return this.#perSecond + Math.max(0, nowMs - this.#decreasedMs) / 1e3 * this.#increasePerSecond;
  }
  /** Takes one call. Returns false, and takes nothing, when none is due. */
  take(nowMs) {
    const gapMs = 1e3 / this.perSecond(nowMs);
    const dueMs = Math.max(this.#dueMs, nowMs);
    if (dueMs - nowMs > Math.max(burstMs - gapMs, (burstCalls - 1) * gapMs)) return false;
    this.#dueMs = dueMs + gapMs;
    return true;
  }
  /**
   * Halves the rate, or what was answered of it where that is less.
   *
   * @param startedMs when the call began that Tencent throttled: one that began before the last decrease says nothing of it
   */
  decrease({ startedMs, nowMs, answeredPerSecond, floorPerSecond }) {
    if (startedMs < this.#decreasedMs || nowMs - this.#decreasedMs < decreaseEveryMs) return;
    const before = Math.min(this.perSecond(nowMs), answeredPerSecond);
    this.#perSecond = Math.max(floorPerSecond, before * decreaseFactor);
    this.#increasePerSecond = Math.max(minIncreasePerSecond, before * increaseShare);
    this.#decreasedMs = nowMs;
  }
  /** Forgets what it has learned. */
  reset() {
    this.#perSecond = Number.POSITIVE_INFINITY;
    this.#decreasedMs = Number.NEGATIVE_INFINITY;
    this.#dueMs = Number.NEGATIVE_INFINITY;
  }
};

// lib/site/call-allowance.ts
var throttledCalls = 10;
var throttledWithinMs = 1e4;
var activeMs = 6e4;
var windowMs = 6e4;
var firstCalls = 3;
var ownRateFactor = 3;
var maxRefusals = 3;
var maxKeys = 5e4;
var minPerSecond = 1;
var minShareOfBaseline = 0.05;
var CallAllowance = class {
  #options;
  #rate = new LearnedRate();
  #throttled = new RollingCounts(["call"], throttledWithinMs, 10);
  /** Calls that came first, by client; while calls are limited. */
  #first = new SlidingLog(windowMs, maxKeys);
  /** Refusals of clients with history since their last verified pass. */
  #refusals = new SlidingLog(storeLifetimes.historyMs, maxKeys);
  /** Calls within the last second that Tencent answered and that do not come first. */
  #answered = new RollingCounts(["call"], 1e3, 10);
  #throttledMs = Number.NEGATIVE_INFINITY;
  #limitedMs = Number.NEGATIVE_INFINITY;
  constructor(options2) {
    this.#options = options2;
  }
  /** Whether room at Tencent is scarce: it throttled within a minute, or calls are limited. */
  get isScarce() {
    return this.#isLimiting || this.#options.clock.nowMs() - this.#throttledMs < activeMs;
  }
  /** Takes a call. Returns `undefined` when the client is over what it may have while Tencent throttles. */
  take(clientKey, isKnown) {
    const nowMs = this.#options.clock.nowMs();
    const call = this.uncounted(clientKey, isKnown);
    if (!this.#isLimiting) return call;
    if (call.isFirst) {
      this.#first.add(clientKey, nowMs);
      return call;
    }
    if (this.#rate.take(nowMs)) return call;
    this.#limitedMs = nowMs;
    return void 0;
  }
  /** A call that is allowed for another reason: the probe of an open circuit. */
  uncounted(clientKey, isKnown) {
    const startedMs = this.#options.clock.nowMs();
    return { clientKey, isKnown, isFirst: isKnown && this.#comesFirst(clientKey, startedMs), startedMs };
  }
  /** Learns from what Tencent replied to an allowed call. */
  settle(call, reply) {
    const { clientKey, isKnown, isFirst } = call;
    const nowMs = this.#options.clock.nowMs();
    switch (reply.kind) {
      case "verified":
      case "refused":
        if (!isFirst) this.#answered.add("call", nowMs);
        if (reply.kind === "verified") this.#refusals.forget(clientKey);
        else if (isKnown) this.#refusals.add(clientKey, nowMs, maxRefusals + 1);
        return;
      case "degraded":
        if (reply.cause === "throttled") this.#noteThrottled(call, nowMs);
        return;
      case "bug":
        return;
    }
  }
  get #isLimiting() {
    return this.#options.clock.nowMs() - this.#limitedMs < activeMs;
  }
  #comesFirst(clientKey, nowMs) {
    if (this.#refusals.count(clientKey, nowMs) > maxRefusals) return false;
    const limit2 = Math.max(firstCalls, ownRateFactor * this.#options.verifiedPerMinute(clientKey));
    return this.#first.count(clientKey, nowMs) < limit2;
  }
  #noteThrottled({ startedMs }, nowMs) {
    this.#throttledMs = nowMs;
    this.#throttled.add("call", nowMs);
    if (!this.#isLimiting) {
      if (this.#throttled.count("call", nowMs) < throttledCalls) return;
      this.#rate.reset();
    }
    this.#limitedMs = nowMs;
    const expectedPerSecond = (this.#options.expectedPerMinute() ?? 0) / 60;
    this.#rate.decrease({
      startedMs,
      nowMs,
      answeredPerSecond: this.#answered.count("call", nowMs),
      floorPerSecond: Math.max(minPerSecond, minShareOfBaseline * expectedPerSecond)
    });
  }
};

// lib/site/canary-schedule.ts
var jitterShare2 = 0.25;
var CanarySchedule = class {
  #clock;
  #plan;
  #run;
  #onEnd;
  #intervalMs;
  #jitter = 0;
  #startedMs = Number.NEGATIVE_INFINITY;
  #timer;
  /** When the timer fires. */
  #dueMs = 0;
  #giveUp;
  #isClosed = false;
  /** Counts calls of {@link forget}: the report of a canary of an older epoch decides nothing. */
  #epoch = 0;
  #last;
  /** Shown in the snapshot; it survives {@link forget}, unlike what decides. */
  #lastShown;
  #lastFailureMs = Number.NEGATIVE_INFINITY;
  #failureBeforeMs = Number.NEGATIVE_INFINITY;
  /** @param onEnd called at every end of a canary; with `undefined` after `unknown` or a report of an older epoch */
  constructor(clock, plan, run, onEnd) {
    this.#clock = clock;
    this.#plan = plan;
    this.#run = run;
    this.#onEnd = onEnd;
    this.#intervalMs = plan.intervals().canaryIntervalMs;
  }
  /** The last result of this epoch. */
  get last() {
    return this.#last;
  }
  /** The last result of any epoch. */
  get lastShown() {
    return this.#lastShown;
  }
  /** Whether a canary is under way. */
  get isUnderWay() {
    return this.#giveUp !== void 0;
  }
  /** Milliseconds to the next canary, 0 while one is under way; `undefined` where none is asked for. */
  get nextInMs() {
    if (this.isUnderWay) return 0;
    return this.#timer === void 0 ? void 0 : Math.max(0, this.#dueMs - this.#clock.nowMs());
  }
  /** When the failure before the last one was; minus infinity before two have failed. */
  get failureBeforeMs() {
    return this.#failureBeforeMs;
  }
  /** Starts a canary, as soon as the interval since the last one's start is over. */
  request() {
    if (this.#giveUp !== void 0 || this.#timer !== void 0 || this.#isClosed) return;
    const delayMs = this.#startedMs + this.#intervalMs * (1 + this.#jitter) - this.#clock.nowMs();
    if (delayMs <= 0) return this.#start();
    this.#dueMs = this.#clock.nowMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = void 0;
      this.#start();
    });
  }
  /** Begins a new epoch, with the shortest interval. */
  forget() {
    this.#epoch++;
    this.#last = void 0;
    this.#intervalMs = this.#plan.intervals().canaryIntervalMs;
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  /** The interval after a failure, in milliseconds: twice as long, up to `canaryMaxIntervalMs`. */
  backedOff(intervalMs) {
    return Math.min(intervalMs * 2, this.#plan.intervals().canaryMaxIntervalMs);
  }
  /** Gives up the canary under way; none starts after it. */
  close() {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#giveUp?.();
  }
  #start() {
    const epoch = this.#epoch;
    const startedMs = this.#clock.nowMs();
    const timeoutMs = this.#plan.timeoutMs();
    this.#startedMs = startedMs;
    this.#jitter = jitterShare2 * this.#clock.jitter();
    this.#giveUp = () => {
    };
    this.#giveUp = this.#run(timeoutMs, (report) => {
      this.#giveUp = void 0;
      if (this.#isClosed) return;
      if (report === "unknown" || epoch !== this.#epoch) return this.#onEnd(void 0);
      const atMs = this.#clock.nowMs();
      const tookMs = atMs - startedMs;
      this.#onEnd(this.#learn({ report, startedMs, atMs, ...tookMs <= timeoutMs && { tookMs } }));
    });
  }
  #learn(result) {
    this.#last = result;
    this.#lastShown = result;
    if (result.report === "healthy") {
      this.#intervalMs = this.#plan.intervals().canaryIntervalMs;
    } else {
      this.#failureBeforeMs = this.#lastFailureMs;
      this.#lastFailureMs = result.atMs;
      this.#intervalMs = this.backedOff(this.#intervalMs);
    }
    return result;
  }
};

// lib/site/failure-evidence.ts
var minimumSilenceMs = 1e4;
var silenceInMeanGaps = 20;
var minimumGaps = 3;
var maxThrottledShare = 0.1;
var gapSmoothing = 0.05;
var slotCount = 10;
var FailureEvidence = class {
  #thresholds;
  #calls;
  #consecutiveFailures = 0;
  /** A call ran into its deadline, and no call was answered with code 1 since: it counts as still unanswered. */
  #endedUnanswered = false;
  #lastSuccessMs;
  /** Tencent has answered calls that began up to then, or that were answered late then. */
  #answersSinceMs = Number.NEGATIVE_INFINITY;
  /** Start of the first call that failed with no code 1 since. */
  #failingSinceMs;
  #gapsSeen = 0;
  #meanGapMs = 0;
  constructor(thresholds, nowMs) {
    this.#thresholds = thresholds;
    this.#calls = newCounts(thresholds);
    this.#lastSuccessMs = nowMs;
  }
  /** Takes new thresholds; counts of another window are dropped. */
  configure(thresholds) {
    if (thresholds.windowMs !== this.#thresholds.windowMs) this.#calls = newCounts(thresholds);
    this.#thresholds = thresholds;
  }
  /** Takes the operator's estimate for the usual gap between code 1, until gaps are seen. */
  expect(perMinute) {
    if (this.#gapsSeen > 0) return;
    this.#meanGapMs = 6e4 / perMinute;
    this.#gapsSeen = Math.ceil(1 / gapSmoothing);
  }
  /** Failures since the last success; neutral and throttled calls do not count. */
  get consecutiveFailures() {
    return this.#consecutiveFailures;
  }
  /** Whether a call ended unanswered, and neither a success nor a healthy canary came since. */
  get endedUnanswered() {
    return this.#endedUnanswered;
  }
  /** Drops the calls that ended unanswered: a healthy canary says that Tencent is not the reason. */
  forgetUnanswered() {
    this.#endedUnanswered = false;
  }
  /** Counts a call that says nothing about Tencent's availability. */
  noteNeutral(kind, nowMs) {
    this.#calls.add(kind === "throttled" ? "throttled" : "neutral", nowMs);
  }
  /**
   * Notes that a call got a `CaptchaCode`. It speaks for Tencent as of the call's start, for the answer may have been on its way; one
   * that was overdue, as of now: Tencent is slow, not gone.
   */
  noteAnswer(startedMs, wasOverdue, nowMs) {
    this.#answersSinceMs = Math.max(this.#answersSinceMs, wasOverdue ? nowMs : startedMs);
  }
  /** Whether Tencent has answered users after a canary that began at `startedMs`, whatever became of it. */
  answersSince(startedMs) {
    return this.#answersSinceMs > startedMs;
  }
  /** Counts an availability failure. @param isUnanswered the call ran into its deadline */
  noteFailure(startedMs, isUnanswered, nowMs) {
    this.#calls.add("failure", nowMs);
    if (isUnanswered) this.#endedUnanswered = true;
    this.#consecutiveFailures++;
    this.#failingSinceMs ??= Math.max(startedMs, this.#lastSuccessMs ?? startedMs);
  }
  /** Counts a code 1, and learns the gap since the last one. */
  noteSuccess(nowMs) {
    this.#calls.add("success", nowMs);
    this.#consecutiveFailures = 0;
    this.#endedUnanswered = false;
    this.#failingSinceMs = void 0;
    if (this.#lastSuccessMs !== void 0) {
      this.#gapsSeen++;
      const weight = Math.max(gapSmoothing, 1 / this.#gapsSeen);
      this.#meanGapMs += weight * (nowMs - this.#lastSuccessMs - this.#meanGapMs);
    }
    this.#lastSuccessMs = nowMs;
  }
  /** Whether there are enough failures in a row, or enough by rate within the window. */
  thresholdsHold(nowMs) {
    const { consecutiveFailures, failureRate, minimumCalls } = this.#thresholds;
    if (this.#consecutiveFailures >= consecutiveFailures) return true;
    const failure2 = this.#calls.count("failure", nowMs);
    const judged = this.#calls.count("success", nowMs) + failure2;
    return judged >= minimumCalls && failure2 >= failureRate * judged;
  }
  /**
   * Whether users' calls have failed for long without a single code 1, and not because of throttling. The silence counts from
   * the first failure on: at night, or while the circuit was open, no call was made.
   */
  usersAloneAreFailing(nowMs) {
    return this.silenceLeftMs(nowMs) <= 0 && !this.#isThrottled(nowMs);
  }
  /** How much longer there may be no code 1 until users alone are failing; infinite where no silence says so. */
  silenceLeftMs(nowMs) {
    if (this.#gapsSeen < minimumGaps || this.#failingSinceMs === void 0) return Number.POSITIVE_INFINITY;
    const neededMs = Math.max(minimumSilenceMs, silenceInMeanGaps * this.#meanGapMs);
    return this.#failingSinceMs + neededMs - nowMs;
  }
  /** Forgets all but the usual gap; the pause until the next code 1 is no gap. */
  clear() {
    this.#calls.clear();
    this.#consecutiveFailures = 0;
    this.#endedUnanswered = false;
    this.#failingSinceMs = void 0;
    this.#lastSuccessMs = void 0;
  }
  #isThrottled(nowMs) {
    const count2 = (kind) => this.#calls.count(kind, nowMs);
    const throttled = count2("throttled");
    const all = throttled + count2("success") + count2("failure") + count2("neutral");
    return throttled > 0 && throttled >= maxThrottledShare * all;
  }
};
function newCounts({ windowMs: windowMs4 }) {
  return new RollingCounts(["success", "failure", "throttled", "neutral"], windowMs4, slotCount);
}

// lib/site/held-calls.ts
var HeldCalls = class {
  #clock;
  #timers = /* @__PURE__ */ new Map();
  constructor(clock) {
    this.#clock = clock;
  }
  /** What is left of the first call's deadline, in milliseconds; `undefined` while none is held. */
  get firstLeftMs() {
    const [first] = this.#timers.keys();
    return first && first.deadlineMs - this.#clock.nowMs();
  }
  /** Holds a call until it is taken out; at its deadline it is released. */
  add(permit) {
    const leftMs = Math.max(0, permit.deadlineMs - this.#clock.nowMs());
    const release = () => {
      if (this.delete(permit)) permit.release();
    };
    this.#timers.set(
      permit,
      this.#clock.after(leftMs, () => afterSockets(this.#clock, release))
    );
  }
  /** Takes a call out. Returns whether it was held. */
  delete(permit) {
    this.#timers.get(permit)?.cancel();
    return this.#timers.delete(permit);
  }
  /** Takes all calls out and returns them. */
  drain() {
    const held2 = [...this.#timers.keys()];
    for (const permit of held2) this.delete(permit);
    return held2;
  }
};

// lib/site/probe-turns.ts
var maxProbesAtOnce = 2;
var keyPauseMs = 6e4;
var maxKeys2 = 1e4;
var ProbeTurns = class {
  #clock;
  #backOff;
  #recent = new RecentHashes(keyPauseMs, maxKeys2);
  #intervalMs;
  #dueMs;
  #running = 0;
  /** @param backOff returns the interval after a failure */
  constructor(clock, intervalMs, backOff) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#dueMs = clock.nowMs() + intervalMs;
    this.#backOff = backOff;
  }
  /** Takes a turn for a call of this client. Returns when the turn was due, or `undefined` where the client has none. */
  take(clientKey, isKnown) {
    const nowMs = this.#clock.nowMs();
    const dueMs = this.#dueMs;
    const openSinceMs = isKnown ? dueMs : dueMs + this.#intervalMs / 2;
    if (nowMs < openSinceMs || this.#running >= maxProbesAtOnce || !this.#recent.add(clientKey, nowMs)) return void 0;
    this.#running++;
    this.#dueMs = nowMs + this.#intervalMs;
    return dueMs;
  }
  /** Ends the probe of a turn: after a failure the next turn comes later, and after one that taught nothing it is this one again. */
  end(turnDueMs, report) {
    this.#running--;
    if (report === "taught_nothing") {
      this.#dueMs = Math.min(this.#dueMs, turnDueMs);
      return;
    }
    this.#intervalMs = this.#backOff(this.#intervalMs);
    this.#dueMs = this.#clock.nowMs() + this.#intervalMs;
  }
};

// lib/site/canary-deadline.ts
var aheadMs = 50;
var shortestMs = 1e3;
var slowestFactor = 3;
var remembered = 5;
var CanaryDeadline = class {
  /** Of the last five that were answered. */
  #tookMs = [];
  /** @param tookMs how long a canary took that was answered in time */
  note(tookMs) {
    this.#tookMs.push(tookMs);
    if (this.#tookMs.length > remembered) this.#tookMs.shift();
  }
  /**
   * In time for the first caller that waits, but never so short that a canary fails for a lost packet, or where canaries or
   * users' answers are slow anyway.
   *
   * @param callerLeftMs what is left of the first waiting call's deadline; `undefined` while no call waits
   * @param callTimeoutMs the whole of the longest call's deadline
   */
  timeoutMs(callerLeftMs, callTimeoutMs) {
    const slowestMs = Math.min(Math.max(0, ...this.#tookMs), Math.max(callTimeoutMs, shortestMs));
    const forCallerMs = callerLeftMs === void 0 ? callTimeoutMs : callerLeftMs - aheadMs;
    return Math.max(forCallerMs, slowestFactor * slowestMs, shortestMs);
  }
  forget() {
    this.#tookMs.length = 0;
  }
};

// lib/site/short-wait.ts
var keysNeeded = 3;
var ShortWait = class {
  #keys = /* @__PURE__ */ new Set();
  #isCanaryHealthy = false;
  get isOn() {
    return this.#isCanaryHealthy && this.#keys.size >= keysNeeded;
  }
  noteDeadline(clientKey) {
    if (this.#keys.size < keysNeeded) this.#keys.add(clientKey);
  }
  /** Beside a failing canary the circuit decides; it lets no caller wait at all. */
  noteCanary(report) {
    if (report === "failed") this.end();
    else if (this.#keys.size > 0) this.#isCanaryHealthy = true;
  }
  /** Tencent verifies, or is asked elsewhere. */
  end() {
    this.#keys.clear();
    this.#isCanaryHealthy = false;
  }
};

// lib/site/usual-latency.ts
var remembered2 = 200;
var relearnAfter = 20;
var percentile = 0.99;
var UsualLatency = class {
  #latenciesMs = new Float64Array(remembered2);
  #noted = 0;
  #isStale = false;
  #p99Ms;
  /** @param tookMs how long an answer took that no caller can hurry: one with code 1 */
  note(tookMs) {
    this.#latenciesMs[this.#noted % remembered2] = tookMs;
    this.#noted++;
    if (this.#noted % relearnAfter === 0) this.#isStale = true;
  }
  /** In milliseconds; `undefined` before 20 answers. */
  get p99Ms() {
    if (this.#isStale) this.#p99Ms = this.#read();
    this.#isStale = false;
    return this.#p99Ms;
  }
  /** Nothing is usual until 20 more answers: calls go to another place. */
  forget() {
    this.#noted = 0;
    this.#isStale = false;
    this.#p99Ms = void 0;
  }
  #read() {
    const sorted = this.#latenciesMs.slice(0, this.#noted).sort();
    return sorted[Math.ceil(percentile * sorted.length) - 1];
  }
};

// lib/site/time-limits.ts
var suspicionFactor = 1.5;
var shortestSuspicionMs = 100;
var shortWaitFactor = 4;
var shortestWaitMs = 250;
var canaryFactor = 2;
var TimeLimits = class {
  #usual = new UsualLatency();
  #canary = new CanaryDeadline();
  #shortWait = new ShortWait();
  #settings;
  constructor(settings) {
    this.#settings = settings;
  }
  configure(settings) {
    this.#settings = settings;
  }
  /** A call that is unanswered for this long raises suspicion. */
  get suspicionMs() {
    const usualMs = this.#usual.p99Ms;
    const { suspicionMs } = this.#settings;
    if (usualMs === void 0) return suspicionMs;
    return Math.min(suspicionMs, Math.max(shortestSuspicionMs, suspicionFactor * usualMs));
  }
  /** The next canary's deadline. @param callerLeftMs see {@link CanaryDeadline.timeoutMs} */
  canaryTimeoutMs(callerLeftMs) {
    const { canaryTimeoutMs } = this.#settings;
    const forCallerMs = this.#canary.timeoutMs(callerLeftMs, canaryTimeoutMs);
    return Math.max(forCallerMs, Math.min(canaryTimeoutMs, canaryFactor * (this.#usual.p99Ms ?? 0)));
  }
  /** How long a caller waits for an answer. @param timeoutMs its own deadline */
  callerWaitMs(timeoutMs) {
    const usualMs = this.#usual.p99Ms;
    if (usualMs === void 0 || !this.#shortWait.isOn) return timeoutMs;
    return Math.min(timeoutMs, Math.max(shortestWaitMs, shortWaitFactor * usualMs));
  }
  /** A call was answered with code 1. */
  noteVerified(tookMs) {
    this.#usual.note(tookMs);
    this.#shortWait.end();
  }
  /** A call ran into its whole deadline. */
  noteDeadline(clientKey) {
    this.#shortWait.noteDeadline(clientKey);
  }
  /** @param tookMs how long a canary took, where it says how long one takes */
  noteCanary(report, tookMs) {
    this.#shortWait.noteCanary(report);
    if (report === "healthy" && tookMs !== void 0) this.#canary.note(tookMs);
  }
  /** Calls go to another place, where other times are usual. */
  forget() {
    this.#usual.forget();
    this.#canary.forget();
    this.#shortWait.end();
  }
};

// lib/site/waiting-calls.ts
var WaitingCalls = class {
  #clock;
  #suspicionMs;
  #onOverdue;
  /** Younger than the suspicion delay, oldest first. */
  #fresh = /* @__PURE__ */ new Set();
  #overdue = /* @__PURE__ */ new Set();
  #timer;
  #isClosed = false;
  constructor(clock, suspicionMs, onOverdue) {
    this.#clock = clock;
    this.#suspicionMs = suspicionMs;
    this.#onOverdue = onOverdue;
  }
  /** Calls under way. */
  get size() {
    return this.#fresh.size + this.#overdue.size;
  }
  /** Those of them that are unanswered for longer than the suspicion delay. */
  get overdue() {
    return this.#overdue.size;
  }
  /** What is left of the first call's deadline, in milliseconds; `undefined` while no call is under way. */
  get firstLeftMs() {
    const [first] = this.#overdue.size > 0 ? this.#overdue : this.#fresh;
    return first && first.deadlineMs - this.#clock.nowMs();
  }
  /** Starts to watch a call. */
  add(permit) {
    this.#fresh.add(permit);
    this.#watch();
  }
  /** Ends the watch of a call; a call that is not watched is ignored. Returns whether it was overdue. */
  delete(permit) {
    const wasOverdue = !this.#fresh.delete(permit) && this.#overdue.delete(permit);
    if (this.#fresh.size === 0) this.#stopWatching();
    return wasOverdue;
  }
  /** Takes all calls out and returns them. */
  drain() {
    const waiting = [...this.#fresh, ...this.#overdue];
    this.#fresh.clear();
    this.#overdue.clear();
    this.#stopWatching();
    return waiting;
  }
  /** Frees the timer; no call is watched any more. */
  close() {
    this.#isClosed = true;
    this.#stopWatching();
  }
  /** One timer for the oldest young call, however many there are. */
  #watch() {
    if (this.#timer !== void 0 || this.#isClosed) return;
    const [oldest] = this.#fresh;
    if (oldest === void 0) return;
    const delayMs = Math.max(0, oldest.startedMs + this.#suspicionMs() - this.#clock.nowMs());
    this.#timer = this.#clock.after(delayMs, () => this.#clock.afterPoll(() => this.#collect()));
  }
  #stopWatching() {
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  #collect() {
    this.#stopWatching();
    const oldestAllowedMs = this.#clock.nowMs() - this.#suspicionMs();
    for (const permit of this.#fresh) {
      if (permit.startedMs > oldestAllowedMs) break;
      this.#fresh.delete(permit);
      this.#overdue.add(permit);
    }
    this.#watch();
    if (this.#overdue.size > 0) this.#onOverdue();
  }
};

// lib/site/circuit.ts
var brownOutMs = 3e4;
var Circuit = class {
  /** How long calls, canaries and callers may take. */
  limits;
  #clock;
  #onChange;
  #waiting;
  #held;
  #canary;
  #failures;
  #settings;
  #state = { name: "closed" };
  /** Counts openings and closings: an answer of an older epoch moves nothing. */
  #epoch = 0;
  /** @param onChange called after every change of state */
  constructor(clock, settings, runCanary, onChange) {
    this.#clock = clock;
    this.#settings = settings;
    this.#onChange = onChange;
    this.limits = new TimeLimits(settings);
    this.#waiting = new WaitingCalls(
      clock,
      () => this.limits.suspicionMs,
      () => this.#suspect("call_unanswered")
    );
    this.#held = new HeldCalls(clock);
    const plan = {
      intervals: () => this.#settings.config,
      timeoutMs: () => this.limits.canaryTimeoutMs(this.#firstLeftMs())
    };
    this.#canary = new CanarySchedule(clock, plan, runCanary, (result) => this.#canaryEnded(result));
    this.#failures = new FailureEvidence(settings.config, clock.nowMs());
    this.configure(settings);
  }
  /** Takes new settings; they hold from the next call or canary on. */
  configure(settings) {
    this.#settings = settings;
    this.limits.configure(settings);
    this.#failures.configure(settings.config);
    if (settings.expectedPerMinute !== void 0) this.#failures.expect(settings.expectedPerMinute);
  }
  /** A permit to call Tencent, or `undefined` at once while the circuit is open: no caller waits behind a probe. */
  admit({ clientKey, isKnown, timeoutMs, release }) {
    const state = this.#state;
    const startedMs = this.#clock.nowMs();
    const permit = { epoch: this.#epoch, clientKey, startedMs, deadlineMs: startedMs + timeoutMs, release };
    if (state.name !== "open") {
      this.#waiting.add(permit);
      return permit;
    }
    if (state.why !== "canary_disagrees") return void 0;
    const turnDueMs = state.turns.take(clientKey, isKnown);
    if (turnDueMs === void 0) return void 0;
    const probe = { ...permit, turnDueMs };
    state.probes.add(probe);
    return probe;
  }
  /**
   * Takes the result of an admitted call; to be called exactly once for each permit. Returns whether the call is held: its failure is
   * to be judged when `release` is called, with the verdict of the canary under way.
   */
  settle(permit, report) {
    const wasOverdue = this.#waiting.delete(permit);
    if (permit.epoch !== this.#epoch) return false;
    const nowMs = this.#clock.nowMs();
    if (report === "success") this.limits.noteVerified(nowMs - permit.startedMs);
    if (report === "unanswered") this.limits.noteDeadline(permit.clientKey);
    if (permit.turnDueMs !== void 0) {
      this.#settleProbe(permit, permit.turnDueMs, report);
      return false;
    }
    const isAnswer = report === "success" || report === "refused";
    if (isAnswer) this.#failures.noteAnswer(permit.startedMs, wasOverdue, nowMs);
    switch (report) {
      case "success":
        this.#failures.noteSuccess(nowMs);
        return false;
      case "unanswered":
        this.#failures.noteFailure(permit.startedMs, true, nowMs);
        this.#suspect("call_failed");
        return false;
      case "failure":
        this.#failures.noteFailure(permit.startedMs, false, nowMs);
        return this.#suspectAndHold(permit);
      case "throttled":
      case "refused":
      case "neutral":
        this.#failures.noteNeutral(report, nowMs);
        return false;
    }
  }
  /**
   * Calls go to another endpoint from now on: what was learned of the old one counts no more, and an answer of its calls moves
   * nothing. Calls that wait while something is wrong are released, with evidence of an outage. Failed canaries still count as a
   * brown-out: where every endpoint errs now and then, calls move often.
   */
  noteMove() {
    const isWrong = this.#state.name !== "closed";
    const waiting = this.#startEpoch();
    this.limits.forget();
    if (isWrong) {
      this.#state = { name: "open", why: "canary_failed" };
      for (const permit of waiting) permit.release();
    }
    this.#change({ name: "closed" });
  }
  /** Whether Tencent has answered a call that began later, or one that it was late with: a canary of then was wrong to fail. */
  hasAnsweredSince(timeMs) {
    return this.#failures.answersSince(timeMs);
  }
  /**
   * How long a caller waits for an answer: as the limits say, but to its own deadline where users alone will have failed for long
   * enough by then. The evidence of a moment later would else come too late for it.
   */
  callerWaitMs(timeoutMs) {
    const silenceLeftMs = this.#failures.silenceLeftMs(this.#clock.nowMs());
    return silenceLeftMs > 0 && silenceLeftMs < timeoutMs ? timeoutMs : this.limits.callerWaitMs(timeoutMs);
  }
  /** What the server itself has seen of the API. */
  evidence() {
    if (this.#state.name === "open") return "outage";
    const failedTwiceMs = this.#clock.nowMs() - this.#canary.failureBeforeMs;
    return this.#state.name === "suspect" && failedTwiceMs <= brownOutMs ? "outage" : "none";
  }
  /** The state now. */
  get state() {
    return this.#state.name;
  }
  /** Whether no call is admitted at all: while it is open, unless calls of users probe it. */
  get isShut() {
    return this.#state.name === "open" && this.#state.why === "canary_failed";
  }
  /** Why it is suspect or open. */
  get why() {
    return this.#state.name === "closed" ? void 0 : this.#state.why;
  }
  /** The circuit as plain JSON. */
  snapshot() {
    const { lastShown, nextInMs } = this.#canary;
    return {
      state: this.#state.name,
      ...this.#state.name !== "closed" && { why: this.#state.why },
      consecutiveFailures: this.#failures.consecutiveFailures,
      callsUnderWay: this.#waiting.size,
      ...lastShown && {
        lastCanary: { result: lastShown.report, agoMs: Math.round(this.#clock.nowMs() - lastShown.atMs) }
      },
      ...nextInMs !== void 0 && { nextCanaryInMs: Math.round(nextInMs) }
    };
  }
  /** Frees timers and gives up a canary under way. */
  close() {
    this.#waiting.close();
    this.#canary.close();
    this.#releaseHeld();
  }
  /**
   * A call that failed at once is held while a canary is under way: the canary's deadline follows the call's. A caller can only make
   * its own call fail, and so only itself wait.
   */
  #suspectAndHold(permit) {
    this.#held.add(permit);
    this.#suspect("call_failed");
    if (this.#state.name === "suspect" && this.#canary.isUnderWay && this.evidence() === "none") return true;
    this.#held.delete(permit);
    return false;
  }
  #firstLeftMs() {
    const left = [this.#waiting.firstLeftMs, this.#held.firstLeftMs].filter((leftMs) => leftMs !== void 0);
    return left.length === 0 ? void 0 : Math.min(...left);
  }
  #releaseHeld() {
    for (const permit of this.#held.drain()) permit.release();
  }
  #suspect(why) {
    if (this.#state.name === "open") return;
    if (this.#state.name === "closed") this.#change({ name: "suspect", why });
    this.#canary.request();
    this.#openIfDue();
  }
  #openIfDue() {
    const { last } = this.#canary;
    if (this.#state.name !== "suspect" || last === void 0) return;
    const nowMs = this.#clock.nowMs();
    const isFailing = this.#failures.thresholdsHold(nowMs);
    if (last.report === "failed") {
      if (this.hasAnsweredSince(last.startedMs)) return;
      if (isFailing || this.#waiting.overdue > 0 || this.#failures.endedUnanswered) this.#open("canary_failed");
    } else if (isFailing && this.#failures.usersAloneAreFailing(nowMs)) {
      this.#open("canary_disagrees");
    }
  }
  #open(why) {
    const waiting = this.#startEpoch();
    if (why === "canary_failed") {
      this.#change({ name: "open", why });
      this.#canary.request();
    } else {
      const { canaryIntervalMs } = this.#settings.config;
      const turns = new ProbeTurns(this.#clock, canaryIntervalMs, (intervalMs) => this.#canary.backedOff(intervalMs));
      this.#change({ name: "open", why, turns, probes: /* @__PURE__ */ new Set() });
    }
    for (const permit of waiting) permit.release();
  }
  #closeCircuit() {
    this.#startEpoch();
    this.#change({ name: "closed" });
  }
  /** Takes out the calls that wait, probes among them. */
  #startEpoch() {
    const probes = this.#state.name === "open" && this.#state.why === "canary_disagrees" ? this.#state.probes : [];
    this.#epoch++;
    this.#failures.clear();
    this.#canary.forget();
    return [...this.#waiting.drain(), ...this.#held.drain(), ...probes];
  }
  #settleProbe(probe, turnDueMs, report) {
    const state = this.#state;
    if (state.name !== "open" || state.why !== "canary_disagrees") return;
    state.probes.delete(probe);
    switch (report) {
      case "success":
        return this.#closeCircuit();
      case "failure":
      case "unanswered":
        state.turns.end(turnDueMs, "failed");
        return this.#canary.request();
      case "throttled":
      case "refused":
      case "neutral":
        return state.turns.end(turnDueMs, "taught_nothing");
    }
  }
  #canaryEnded(result) {
    if (result !== void 0) this.#learnFromCanary(result);
    this.#releaseHeld();
    const { name } = this.#state;
    if (name === "suspect" || name === "open" && this.why === "canary_failed") this.#canary.request();
  }
  #learnFromCanary({ report, tookMs }) {
    this.limits.noteCanary(report, tookMs);
    if (this.#state.name === "open") {
      if (this.#state.why === "canary_failed" && report === "healthy") this.#closeCircuit();
      else if (this.#state.why === "canary_disagrees" && report === "failed") this.#open("canary_failed");
      return;
    }
    this.#openIfDue();
    if (this.#state.name === "suspect" && report === "healthy") this.#calmDown();
    else this.#onChange();
  }
  /** A healthy canary ends the suspicion, unless calls are waiting right now. */
  #calmDown() {
    this.#failures.forgetUnanswered();
    if (this.#waiting.overdue > 0) return;
    this.#canary.forget();
    this.#change({ name: "closed" });
  }
  #change(state) {
    this.#state = state;
    this.#onChange();
  }
};

// lib/site/client-charges.ts
var windowMs2 = 6e4;
var strangerLimit = 10;
var knownLimit = 60;
var ownRateFactor2 = 3;
var maxKeys3 = 5e4;
var pressurePerSecond = 50;
var pressureMs = 6e4;
var ClientCharges = class {
  #options;
  #refused = new SlidingLog(windowMs2, maxKeys3);
  #running = /* @__PURE__ */ new Map();
  #site = new RollingCounts(["charge"], 1e3, 10);
  #pressureEndMs = Number.NEGATIVE_INFINITY;
  constructor(options2) {
    this.#options = options2;
  }
  /** Charges a key for a call that Tencent refused. */
  charge(clientKey) {
    this.#countOnSite();
    this.#record(clientKey);
  }
  /** Charges a key while a call runs on without its caller. Returns what ends that; a refused call stays charged. */
  chargeRunning(clientKey) {
    this.#countOnSite();
    this.#running.set(clientKey, (this.#running.get(clientKey) ?? 0) + 1);
    this.#askAround(clientKey);
    return (isRefused) => {
      const left = (this.#running.get(clientKey) ?? 1) - 1;
      if (left === 0) this.#running.delete(clientKey);
      else this.#running.set(clientKey, left);
      if (isRefused) this.#record(clientKey);
    };
  }
  /** True when Tencent should not be asked about this client's tickets for now. */
  isLimited(clientKey) {
    const charges = this.#charges(clientKey);
    if (charges < strangerLimit) return false;
    const limit2 = this.#limitOf(clientKey);
    return charges >= limit2 && (limit2 === strangerLimit || this.#isUnderPressure());
  }
  #charges(clientKey) {
    return this.#refused.count(clientKey, this.#options.clock.nowMs()) + (this.#running.get(clientKey) ?? 0);
  }
  #limitOf(clientKey) {
    const { isKnown, verifiedPerMinute } = this.#options;
    return isKnown(clientKey) ? Math.max(knownLimit, ownRateFactor2 * verifiedPerMinute(clientKey)) : strangerLimit;
  }
  #isUnderPressure() {
    return this.#options.clock.nowMs() < this.#pressureEndMs || this.#options.isBusy();
  }
  #countOnSite() {
    const nowMs = this.#options.clock.nowMs();
    this.#site.add("charge", nowMs);
    if (this.#site.count("charge", nowMs) > pressurePerSecond) this.#pressureEndMs = nowMs + pressureMs;
  }
  /** As many as the limit are kept, the youngest: they alone decide. */
  #record(clientKey) {
    this.#refused.add(clientKey, this.#options.clock.nowMs(), Math.ceil(this.#limitOf(clientKey)));
    this.#askAround(clientKey);
  }
  #askAround(clientKey) {
    if (this.#limitOf(clientKey) === strangerLimit && this.#charges(clientKey) >= strangerLimit) {
      this.#options.onStrangerLimited(clientKey);
    }
  }
};

// lib/site/client-path.ts
var findings = {
  unreachable: { state: "outage", why: "the vendor script cannot be fetched" },
  collapsed: { state: "outage", why: "verified passes collapsed" },
  onlyProbeFails: { state: "suspect", why: "the vendor script cannot be fetched, but users are verified" },
  reachable: { state: "healthy", why: "the vendor script can be fetched" },
  unknown: { state: "healthy", why: "no failure seen" },
  disproved: {
    state: "healthy",
    why: "the vendor script cannot be fetched, but users were verified as usual for long"
  }
};
var probeEveryMs = 6e5;
var probeEveryMsOnFallback = 1e4;
var fiveMinutesMs = 3e5;
var slotCount2 = 60;
var shortWindowMs = 3e4;
var meaningfulPasses = 10;
var tellingPasses = 30;
var collapseShare = 0.05;
var collapseExpiresMs = 9e5;
var disproofMs = 9e5;
var ClientPath = class {
  #options;
  #passes = new RollingCounts(["verified"], fiveMinutesMs, slotCount2);
  #createdMs;
  #lastProbeStartMs = Number.NEGATIVE_INFINITY;
  #giveUpProbe;
  #isClosed = false;
  /** A probe is trusted from its first success on, until users disprove its failure. */
  #trust = "unproven";
  /** Since when the trusted probe fails, and the verified passes since then; begun anew where they were too few. */
  #failing;
  #collapsedSinceMs;
  constructor(options2) {
    this.#options = options2;
    this.#createdMs = options2.clock.nowMs();
  }
  /** Any request that brought a ticket: keeps the probe fresh, without a timer. */
  noteTraffic(isFallback) {
    const intervalMs = isFallback ? probeEveryMsOnFallback : probeEveryMs;
    if (this.#options.clock.nowMs() - this.#lastProbeStartMs >= intervalMs) this.#startProbe();
  }
  /** One client's verified pass, counted once a minute. */
  noteVerified() {
    this.#passes.add("verified", this.#options.clock.nowMs());
    if (this.#failing !== void 0) this.#weighFailure(this.#failing);
  }
  /** The state now; `outage` is evidence for fallback tickets. */
  finding() {
    const probeFails = this.#failing !== void 0;
    if (probeFails && this.#passesAreHalved()) return findings.unreachable;
    if (this.#hasCollapsed()) return findings.collapsed;
    if (probeFails) return findings.onlyProbeFails;
    if (this.#trust === "disproved") return findings.disproved;
    return this.#trust === "trusted" ? findings.reachable : findings.unknown;
  }
  /** Gives up the probe under way; none starts after it. */
  close() {
    this.#isClosed = true;
    this.#giveUpProbe?.();
  }
  /** True below half of what is expected, and on a quiet site, whose probe is evidence without passes. */
  #passesAreHalved() {
    const perMinute = this.#options.expected.evidentPerMinute();
    if (perMinute === void 0 || perMinute * fiveMinutesMs / 6e4 < tellingPasses) return true;
    const windowMs4 = Math.min(fiveMinutesMs, Math.max(shortWindowMs, meaningfulPasses / perMinute * 6e4));
    const passes = this.#passes.count("verified", this.#options.clock.nowMs(), windowMs4);
    return passes < 0.5 * (perMinute * windowMs4 / 6e4);
  }
  /**
   * Takes its trust from a probe that fails while users are verified: a firewall may have closed the way of this machine, and
   * each quiet night would be evidence. It is trusted again when it has succeeded once more.
   */
  #weighFailure(failing) {
    failing.passes++;
    const nowMs = this.#options.clock.nowMs();
    const lastedMs = nowMs - failing.sinceMs;
    if (lastedMs < disproofMs) return;
    const half = 0.5 * (this.#options.expected.evidentPerMinute() ?? 0) * lastedMs / 6e4;
    if (failing.passes >= Math.max(meaningfulPasses, half)) {
      this.#trust = "disproved";
      this.#failing = void 0;
    } else if (half >= meaningfulPasses) {
      this.#failing = { sinceMs: nowMs, passes: 0 };
    }
  }
  #learnFromProbe(report) {
    if (report === "reachable") {
      this.#trust = "trusted";
      this.#failing = void 0;
    } else if (report === "unreachable" && this.#trust === "trusted") {
      this.#failing ??= { sinceMs: this.#options.clock.nowMs(), passes: 0 };
    }
  }
  /**
   * True while hardly any of many expected passes is verified; false again after 15 minutes of that, as the new normal. Who
   * buys solves and stops makes passes collapse, but none of those that could be expected without them.
   */
  #hasCollapsed() {
    const nowMs = this.#options.clock.nowMs();
    const expected = (this.#options.expected.certainPerMinute() ?? 0) * fiveMinutesMs / 6e4;
    const isSeenWhole = nowMs - this.#createdMs >= fiveMinutesMs;
    if (!isSeenWhole || expected < tellingPasses || this.#passes.count("verified", nowMs) >= collapseShare * expected) {
      this.#collapsedSinceMs = void 0;
      return false;
    }
    this.#collapsedSinceMs ??= nowMs;
    return nowMs - this.#collapsedSinceMs < collapseExpiresMs;
  }
  #startProbe() {
    const probe = this.#options.probe();
    if (probe === void 0 || this.#giveUpProbe !== void 0 || this.#isClosed) return;
    this.#lastProbeStartMs = this.#options.clock.nowMs();
    this.#giveUpProbe = () => {
    };
    this.#giveUpProbe = probe((report) => {
      this.#giveUpProbe = void 0;
      if (this.#isClosed) return;
      this.#learnFromProbe(report);
      this.#options.onChange();
    });
  }
};

// lib/site/baseline-reference.ts
var hoursKept = 168;
var hoursNeeded = 6;
var minutesNeeded = 30;
var minutesInHour = 60;
var busyShare2 = 0.9;
var quietShare = 0.1;
var BaselineReference = class {
  /** The medians, oldest first. */
  #hours = [];
  #sorted = [];
  #hour = Number.NaN;
  #minutes = [];
  /** Learns one healthy minute. Minutes come in their order. */
  learn(minute, passes) {
    const hour = Math.floor(minute / minutesInHour);
    if (hour !== this.#hour) this.#closeHour();
    this.#hour = hour;
    this.#minutes.push(passes);
  }
  /** The 90th percentile; `undefined` before six hours were seen. */
  get perMinute() {
    return this.#percentile(busyShare2);
  }
  /** The 10th percentile, what quiet hours bring; `undefined` before six hours were seen. */
  get quietPerMinute() {
    return this.#percentile(quietShare);
  }
  /** Healthy hours that the percentiles are of; at most 168. */
  get hoursSeen() {
    return this.#hours.length;
  }
  #closeHour() {
    const minutes = this.#minutes;
    this.#minutes = [];
    if (minutes.length < minutesNeeded) return;
    this.#hours.push(lower(inOrder(minutes), 0.5));
    if (this.#hours.length > hoursKept) this.#hours.shift();
    this.#sorted = inOrder(this.#hours);
  }
  #percentile(share2) {
    return this.#hours.length < hoursNeeded ? void 0 : lower(this.#sorted, share2);
  }
};
function inOrder(counts) {
  return [...counts].sort((a, b) => a - b);
}
function lower(sorted, share2) {
  return sorted[Math.floor(share2 * (sorted.length - 1))] ?? 0;
}

// lib/site/baseline.ts
var minutesKept = 15;
var minutesNeeded2 = 5;
var minuteMs = 6e4;
var longestSilenceMinutes = hoursKept * 60;
var Baseline = class {
  /** What the same minutes say about days. */
  reference = new BaselineReference();
  #minute;
  #passes = 0;
  /** A minute that was not healthy all along, or was not seen whole, teaches nothing. */
  #isTainted = true;
  #recent = [];
  #perMinute;
  #isMedianDue = false;
  constructor(nowMs) {
    this.#minute = minuteOf(nowMs);
  }
  /** Counts one client's verified pass. */
  count(nowMs, isHealthy) {
    this.roll(nowMs, isHealthy);
    this.#passes++;
  }
  /** Closes the minutes that are over. While the site is not healthy the baseline is frozen. */
  roll(nowMs, isHealthy) {
    const minute = minuteOf(nowMs);
    if (minute !== this.#minute) this.#closeMinutes(minute - this.#minute, isHealthy);
    this.#minute = minute;
    if (!isHealthy) this.#isTainted = true;
  }
  /** Verified passes a minute, or `undefined` before enough healthy minutes were seen. */
  get perMinute() {
    if (this.#isMedianDue) this.#perMinute = this.#median();
    this.#isMedianDue = false;
    return this.#perMinute;
  }
  #closeMinutes(passed, isHealthy) {
    if (!this.#isTainted) this.#learn(this.#minute, this.#passes);
    const silent2 = isHealthy ? Math.min(passed - 1, longestSilenceMinutes) : 0;
    for (let back = silent2; back > 0; back--) this.#learn(this.#minute + passed - back, 0);
    this.#passes = 0;
    this.#isTainted = !isHealthy;
  }
  #learn(minute, passes) {
    this.reference.learn(minute, passes);
    this.#recent.push(passes);
    if (this.#recent.length > minutesKept) this.#recent.shift();
    this.#isMedianDue = true;
  }
  #median() {
    if (this.#recent.length < minutesNeeded2) return void 0;
    const sorted = [...this.#recent].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    const upper = sorted[middle] ?? 0;
    return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
  }
};
function minuteOf(nowMs) {
  return Math.floor(nowMs / minuteMs);
}

// lib/site/expected-passes.ts
var mostTimesReference = 4;
var hoursOfDay = 24;
var mostTimesQuiet = 5;
var ExpectedPasses = class {
  #baseline;
  /** The operator's estimate for the whole site. */
  #estimatePerMinute;
  #shared = { processes: 1, baselinePerMinute: void 0, referencePerMinute: void 0 };
  constructor(nowMs, estimatePerMinute) {
    this.#baseline = new Baseline(nowMs);
    this.#estimatePerMinute = estimatePerMinute;
  }
  /** Counts one client's verified pass. */
  count(nowMs, isHealthy) {
    this.#baseline.count(nowMs, isHealthy);
  }
  /** Closes the minutes that are over. */
  roll(nowMs, isHealthy) {
    this.#baseline.roll(nowMs, isHealthy);
  }
  /** Takes over what the store says of the whole site. */
  adopt(shared) {
    this.#shared = shared;
  }
  /** Live processes of the site, this one included. */
  get processes() {
    return this.#shared.processes;
  }
  /** What this process tells the store; nothing of its own days where the site's are known better. */
  get learned() {
    const { perMinute } = this.#baseline.reference;
    return {
      baselinePerMinute: this.#baseline.perMinute,
      referencePerMinute: perMinute === this.referencePerMinute ? perMinute : void 0
    };
  }
  /** As this process has learned it in the last minutes, or as another run of the site did. */
  get baselinePerMinute() {
    return this.#baseline.perMinute ?? this.#shareOf(this.#shared.baselinePerMinute);
  }
  /** As this process has learned it over days, or as another run of the site did. */
  get referencePerMinute() {
    const { perMinute, hoursSeen } = this.#baseline.reference;
    const known = this.#shareOf(this.#shared.referencePerMinute);
    if (perMinute === void 0 || known === void 0 || hoursSeen >= hoursOfDay) return perMinute ?? known;
    return Math.max(perMinute, known);
  }
  /** What the purses follow; `undefined` where nothing is known. */
  get perMinute() {
    return lowest(this.#likelyPerMinute, this.#mostPerMinute);
  }
  /** What verified passes are held against while the probe of the script fails. */
  evidentPerMinute() {
    return lowest(this.#likelyPerMinute, this.referencePerMinute ?? this.#shareOf(this.#estimatePerMinute()));
  }
  /** What their collapse is held against where nothing else is wrong; `undefined` where a collapse proves nothing. */
  certainPerMinute() {
    const { quietPerMinute } = this.#baseline.reference;
    if (quietPerMinute === void 0) return void 0;
    return lowest(this.evidentPerMinute(), mostTimesQuiet * quietPerMinute);
  }
  get #likelyPerMinute() {
    return this.baselinePerMinute ?? this.#shareOf(this.#estimatePerMinute());
  }
  /** The operator's estimate counts as a reference where it is the larger one: before a sale, or after a start without a store. */
  get #mostPerMinute() {
    const reference = this.referencePerMinute;
    const estimate = this.#shareOf(this.#estimatePerMinute());
    if (reference === void 0 && estimate === void 0) return void 0;
    return mostTimesReference * Math.max(reference ?? 0, estimate ?? 0);
  }
  #shareOf(sitePerMinute) {
    return sitePerMinute === void 0 ? void 0 : sitePerMinute / this.#shared.processes;
  }
};
function lowest(first, second) {
  if (first === void 0 || second === void 0) return first ?? second;
  return Math.min(first, second);
}

// lib/store/status-bounds.ts
var maxStatusBytes = 8192;
var maxStatuses = 64;

// lib/site/fleet-status.ts
var publishEveryMs = 2e3;
var FleetStatus = class {
  #options;
  #writers = /* @__PURE__ */ new Set();
  #publishedMs = Number.NEGATIVE_INFINITY;
  #reading;
  constructor(options2) {
    this.#options = options2;
  }
  /** Whether the site has a store that shares statuses; where not, no text is written, and none is read. */
  get isShared() {
    return this.#options.store()?.sharesStatus ?? false;
  }
  /**
   * Publishes what `write` returns, at most every 2 s, until the returned function is called; of several writers the first one
   * that is left. What it throws, and a text of more than 8192 bytes, publishes nothing.
   */
  publish(write) {
    const writer = { write };
    this.#writers.add(writer);
    return () => {
      this.#writers.delete(writer);
    };
  }
  /** A heartbeat was answered: publishes what is due. */
  heartbeatAnswered() {
    const [writer] = this.#writers;
    const nowMs = this.#options.clock.nowMs();
    if (writer === void 0 || nowMs - this.#publishedMs < publishEveryMs) return;
    this.#publishedMs = nowMs;
    void this.#options.store()?.askAside(async (session) => {
      if (session.publishStatus === void 0) return;
      const status = writer.write();
      if (isStatus(status)) await session.publishStatus(status);
    });
  }
  /**
   * Resolves to the statuses of the other live processes within 200 ms, at most 64 and each of at most 8192 bytes; to none without
   * a store that shares them, and while it is down. Never rejects. Callers at the same time share one operation.
   */
  async read() {
    this.#reading ??= this.#readStore().finally(() => {
      this.#reading = void 0;
    });
    const statuses = await this.#reading;
    return Array.isArray(statuses) ? statuses.slice(0, maxStatuses).filter(isStatus) : [];
  }
  async #readStore() {
    return this.#options.store()?.askAside(async (session) => session.readStatuses?.());
  }
};
function isStatus(value) {
  return typeof value === "string" && Buffer.byteLength(value) <= maxStatusBytes;
}

// lib/site/in-flight.ts
var knownShare = 16;
var strangerShare = 64;
var minShared = 4;
var InFlight = class {
  #max = 0;
  #byClient = /* @__PURE__ */ new Map();
  #total = 0;
  #strangers = 0;
  constructor(max) {
    this.configure(max);
  }
  /** Takes a new maximum; verifications under way stay. */
  configure(max) {
    this.#max = max;
  }
  /** Whether more than half of the room is free. */
  get hasRoomToSpare() {
    return this.#total * 2 < this.#max;
  }
  /**
   * Starts a verification. Returns the function that ends it, or `undefined` when there is no room: one client key has a
   * sixteenth of it with history and a sixty-fourth without, at least one. All keys without history together have half of it, so
   * that a flood of tickets that hang leaves the other half to users who come back.
   */
  enter(clientKey, isKnown) {
    const ofClient = this.#byClient.get(clientKey) ?? 0;
    const maxOfClient = Math.max(1, Math.floor(this.#max / (isKnown ? knownShare : strangerShare)));
    if (this.#total >= this.#max || ofClient >= maxOfClient) return void 0;
    if (!isKnown && this.#strangers >= this.#maxOfStrangers) return void 0;
    this.#total++;
    if (!isKnown) this.#strangers++;
    this.#byClient.set(clientKey, ofClient + 1);
    return () => this.#leave(clientKey, isKnown);
  }
  get #maxOfStrangers() {
    return this.#max < minShared ? this.#max : Math.ceil(this.#max / 2);
  }
  /** Verifications under way. */
  get total() {
    return this.#total;
  }
  #leave(clientKey, isKnown) {
    this.#total--;
    if (!isKnown) this.#strangers--;
    const ofClient = (this.#byClient.get(clientKey) ?? 1) - 1;
    if (ofClient === 0) this.#byClient.delete(clientKey);
    else this.#byClient.set(clientKey, ofClient);
  }
};

// lib/site/ledger.ts
import { randomUUID } from "node:crypto";

// lib/admission/verdict.ts
function makeVerdict(ending, facts, durationMs2) {
  switch (ending.kind) {
    case "verified":
      return Object.freeze({ passed: true, degraded: false, reason: "verified", ...facts, durationMs: durationMs2 });
    case "degraded_pass": {
      const { cause } = ending;
      return Object.freeze({ passed: true, degraded: true, reason: cause, cause, ...facts, durationMs: durationMs2 });
    }
    case "refused": {
      const { reason, cause = "client_fallback" } = ending;
      return isDegraded(reason) ? Object.freeze({ passed: false, degraded: true, reason, cause, ...facts, durationMs: durationMs2 }) : Object.freeze({ passed: false, degraded: false, reason, ...facts, durationMs: durationMs2 });
    }
  }
}
function isDegraded(reason) {
  return refusalTable[reason].degraded;
}

// lib/admission/admit.ts
var ask = {
  look: { kind: "look" },
  ask_tencent: { kind: "ask_tencent" },
  record_verified: { kind: "record_verified" },
  weigh: { kind: "weigh" },
  measure_time: { kind: "measure_time" }
};
function* admit(request) {
  const standing = yield ask.look;
  const early = precheck(request, standing);
  const outcome = early ?? (yield ask.ask_tencent);
  const { ending, trace, facts } = yield* resolve(request, outcome, early ? "precheck" : "ask");
  const durationMs2 = yield ask.measure_time;
  return { verdict: makeVerdict(ending, facts, durationMs2), trace };
}
function precheck({ ticket, hasAddress, maxFallbackAgeMs }, standing) {
  if (ticket.kind === "malformed") return { kind: "refused", reason: "ticket_malformed", facts: noFacts };
  if (ticket.kind === "missing" && standing.override !== "pass") {
    return { kind: "refused", reason: "ticket_missing", facts: noFacts };
  }
  if (!hasAddress) return { kind: "refused", reason: "rejected", facts: noFacts };
  const facts = ticket.kind === "fallback" ? { clientErrorCode: ticket.clientErrorCode } : noFacts;
  if (standing.hasPassed) return { kind: "refused", reason: replayReason(ticket), facts };
  if (ticket.kind === "fallback" && isStale(ticket, maxFallbackAgeMs, standing.epochMs)) {
    return { kind: "refused", reason: "fallback_stale", facts };
  }
  if (standing.override === "pass") return degraded("override", { facts, wasSent: false });
  if (ticket.kind === "fallback") return degraded("client_fallback", { facts, wasSent: false });
  if (standing.isRateLimited) return { kind: "refused", reason: "rate_limited", facts };
  return void 0;
}
function* resolve(request, outcome, stage) {
  switch (outcome.kind) {
    case "verified": {
      const { isFirst } = yield ask.record_verified;
      const ending = isFirst ? { kind: "verified" } : refusal("ticket_reused");
      return { ending, trace: { stage: isFirst ? stage : "resolve" }, facts: outcome.facts };
    }
    case "refused":
      return { ending: refusal(outcome.reason), trace: { stage }, facts: outcome.facts };
    case "degraded":
      return yield* resolveDegraded(request.ticket, outcome.cause, outcome.facts);
    case "bug":
      throw outcome.error;
  }
}
function* resolveDegraded(ticket, cause, facts) {
  const row = causeTable[cause];
  const { override, evidence, evidenceWhy } = yield ask.weigh;
  const trace = { stage: "resolve", evidence, evidenceWhy };
  const end = (ending) => ({ ending, trace, facts });
  const isClosed = override === "verify_only";
  if (isClosed && row.refusal === "degradation_refused") return end(refusal("degradation_refused", cause));
  const rule2 = yield { kind: "apply_rule", cause, evidence };
  trace.rule = rule2.action;
  trace.ruleFrom = rule2.from;
  if (rule2.action === "refuse") return end(refusal(row.refusal, cause));
  if (isClosed) return end(refusal("degradation_refused", cause));
  const purse2 = choosePurse(cause, evidence, facts.clientErrorCode);
  const claim = yield { kind: "claim_pass", purse: purse2 };
  if (claim.kind === "replayed") return end(refusal(replayReason(ticket)));
  trace.purse = purse2;
  trace.purseUsed = claim.used;
  trace.purseLimit = claim.limit;
  trace.purseRemaining = claim.remaining;
  if (claim.kind === "granted") return end({ kind: "degraded_pass", cause });
  trace.exhaustedBy = claim.by;
  return end(refusal("budget_exhausted", cause));
}
var clientErrorRateLimited = 1014;
function choosePurse(cause, evidence, clientErrorCode) {
  if (causeTable[cause].purse === "outage") return "outage";
  if (clientErrorCode === clientErrorRateLimited) return "doubt";
  return evidence === "outage" ? "outage" : "doubt";
}
function refusal(reason, cause) {
  return { kind: "refused", reason, cause };
}
function replayReason(ticket) {
  return ticket.kind === "fallback" ? "fallback_replayed" : "ticket_reused";
}
var maxClockLeadMs = 6e4;
function isStale({ issuedAtSeconds }, maxAgeMs, epochMs) {
  const ageMs = epochMs - issuedAtSeconds * 1e3;
  return ageMs > maxAgeMs || ageMs < -maxClockLeadMs;
}

// lib/structures/history-segment.ts
var ways = 16;
var slotWords = 4;
var HistorySegment = class {
  #maxSets;
  #sets = 1;
  #used = 0;
  #words = new Uint32Array(ways * slotWords);
  /** The same memory, for weights. */
  #floats = new Float32Array(this.#words.buffer);
  constructor(maxSets) {
    this.#maxSets = maxSets;
  }
  get size() {
    return this.#used;
  }
  /** Where the hash is, or -1. */
  find(low, high) {
    const words = this.#words;
    const first = this.#firstOf(low);
    for (let at = first; at < first + ways * slotWords; at += slotWords) {
      if (words[at] === low && words[at + 1] === high && words[at + 2] !== 0) return at;
    }
    return -1;
  }
  second(at) {
    return this.#words[at + 2] - 1;
  }
  weight(at) {
    return this.#floats[at + 3];
  }
  update(at, second, weight) {
    this.#words[at + 2] = second + 1;
    this.#floats[at + 3] = weight;
  }
  /** Adds a hash that is not there. What is older than `oldestSecond` makes room first. */
  add(low, high, second, weight, oldestSecond) {
    if (this.#sets < this.#maxSets && this.#used >= this.#sets * ways / 2) this.#rebuild(oldestSecond);
    const at = this.#freeSlot(low);
    if (this.#words[at + 2] === 0) this.#used++;
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.update(at, second, weight);
  }
  #firstOf(low) {
    return (low & this.#sets - 1) * ways * slotWords;
  }
  /** An empty slot of the set, or its oldest. */
  #freeSlot(low) {
    const words = this.#words;
    const first = this.#firstOf(low);
    let oldestAt = first;
    for (let at = first; at < first + ways * slotWords; at += slotWords) {
      if (words[at + 2] < words[oldestAt + 2]) oldestAt = at;
    }
    return oldestAt;
  }
  /** Drops what is too old; doubles if that alone does not help. */
  #rebuild(oldestSecond) {
    const words = this.#words;
    const floats = this.#floats;
    const isLive = (at) => words[at + 2] > Math.max(0, oldestSecond + 1);
    let live = 0;
    for (let at = 0; at < words.length; at += slotWords) if (isLive(at)) live++;
    if (live >= this.#sets * ways / 4) this.#sets *= 2;
    this.#words = new Uint32Array(this.#sets * ways * slotWords);
    this.#floats = new Float32Array(this.#words.buffer);
    this.#used = 0;
    for (let at = 0; at < words.length; at += slotWords) {
      if (!isLive(at)) continue;
      const second = words[at + 2] - 1;
      this.add(words[at], words[at + 1], second, floats[at + 3], oldestSecond);
    }
  }
};

// lib/site/client-history.ts
var historySeconds = storeLifetimes.historyMs / 1e3;
var rateMemorySeconds = storeLifetimes.rateMemoryMs / 1e3;
var segmentCount = 256;
var maxSetsInSegment = 256;
var ClientHistory = class {
  #hash;
  #segments = Array.from({ length: segmentCount }, () => new HistorySegment(maxSetsInSegment));
  /** @param hash Under a random key, unless the same run must give the same evictions. */
  constructor(hash2 = new KeyedHash()) {
    this.#hash = hash2;
  }
  /** Notes a verified pass; true when it is the key's first in this minute. */
  noteVerified(clientKey, nowMs) {
    const segment = this.#segmentOf(clientKey);
    const { low, high } = this.#hash;
    const second = secondOf(nowMs);
    const at = segment.find(low, high);
    if (at < 0) {
      segment.add(low, high, second, 1, second - historySeconds);
      return true;
    }
    const before = segment.second(at);
    segment.update(at, second, segment.weight(at) * decay(second - before) + 1);
    return Math.floor(before / 60) !== Math.floor(second / 60);
  }
  /** Takes over what another process knows of a key. */
  adopt(clientKey, verifiedPerMinute, nowMs) {
    if (verifiedPerMinute <= this.verifiedPerMinute(clientKey, nowMs)) return;
    const segment = this.#segmentOf(clientKey);
    const { low, high } = this.#hash;
    const second = secondOf(nowMs);
    const weight = verifiedPerMinute * rateMemorySeconds / 60;
    const at = segment.find(low, high);
    if (at < 0) segment.add(low, high, second, weight, second - historySeconds);
    else segment.update(at, second, weight);
  }
  isKnown(clientKey, nowMs) {
    const segment = this.#segmentOf(clientKey);
    const at = segment.find(this.#hash.low, this.#hash.high);
    return at >= 0 && secondOf(nowMs) - segment.second(at) < historySeconds;
  }
  /**
   * The key's own verified passes a minute, as of its last one. It does not fall with the time since: in an outage no
   * key is verified, and a carrier's address with two hundred users behind it needs its limit most at the end.
   */
  verifiedPerMinute(clientKey, nowMs) {
    const segment = this.#segmentOf(clientKey);
    const at = segment.find(this.#hash.low, this.#hash.high);
    if (at < 0 || secondOf(nowMs) - segment.second(at) >= historySeconds) return 0;
    return segment.weight(at) * 60 / rateMemorySeconds;
  }
  /** Keys held, those that are too old but not yet dropped included. */
  get size() {
    return this.#segments.reduce((total, segment) => total + segment.size, 0);
  }
  #segmentOf(clientKey) {
    this.#hash.hash(clientKey);
    return this.#segments[this.#hash.high >>> 24];
  }
};
function secondOf(nowMs) {
  return Math.max(0, Math.floor(nowMs / 1e3));
}
function decay(elapsedSeconds) {
  return Math.exp(-Math.max(0, elapsedSeconds) / rateMemorySeconds);
}

// lib/site/purse-book.ts
import { createHash as createHash2 } from "node:crypto";

// lib/store/client-limit.ts
function clientLimit({ limit: limit2, windowMs: windowMs4, ownRateFactor: ownRateFactor4 }, verifiedPerMinute) {
  if (limit2 === 0 || verifiedPerMinute === void 0) return limit2;
  return Math.max(limit2, Math.floor(ownRateFactor4 * verifiedPerMinute * windowMs4 / 6e4));
}

// lib/site/reserve-log.ts
var windowMinutes = 10;
var ownRateFactor3 = 3;
var lastStep = 3;
var maxKeys4 = 1e5;
var ReserveLog = class {
  #passes = new SlidingLog(windowMinutes * 6e4, maxKeys4);
  /** The share of the total, from 0 to 1, that has to be exceeded for the key's next pass. */
  shareNeeded(key2, verifiedPerMinute, nowMs) {
    const before = this.#passes.count(key2, nowMs);
    return before < ownPasses(verifiedPerMinute) ? 0 : Math.min(before, lastStep) / (lastStep + 1);
  }
  /** Notes a pass. Only as many are kept as decide about the next one. */
  add(key2, verifiedPerMinute, nowMs) {
    this.#passes.add(key2, nowMs, ownPasses(verifiedPerMinute) + lastStep);
  }
  /** Takes the pass of this very time back. */
  remove(key2, atMs) {
    this.#passes.remove(key2, atMs);
  }
};
function ownPasses(verifiedPerMinute) {
  return Math.floor(ownRateFactor3 * verifiedPerMinute) * windowMinutes;
}

// lib/site/vouched-key.ts
var prefix = "known:";
function vouchedKey(identity) {
  return `${prefix}${identity}`;
}
function isVouchedFor(key2) {
  return key2.startsWith(prefix);
}

// lib/site/purse.ts
var minimumTokens = 10;
var maxKeys5 = 5e5;
var Purse = class {
  #shape;
  #config;
  #passes;
  #total;
  /** Half of the total, for keys without history: the other half is reserved for those with one. */
  #strangers;
  #reserve = new ReserveLog();
  #fallback;
  #taken = 0;
  #refusedByClientLimit = 0;
  #refusedByTotal = 0;
  constructor(shape, config, nowMs, perMinute = config.total.startPerMinute) {
    this.#shape = shape;
    this.#config = config;
    this.#passes = new SlidingLog(config.perClient.windowMs, maxKeys5);
    this.#total = new TokenBucket(perMinute, minimumTokens, nowMs);
    this.#strangers = new TokenBucket(perMinute / 2, minimumTokens / 2, nowMs);
    this.#fallback = shape.halvesFallback ? new TokenBucket(perMinute / 2, minimumTokens / 2, nowMs) : void 0;
  }
  /** The setting now. */
  get config() {
    return this.#config;
  }
  /** See {@link PurseShape}. */
  get ownRateFactor() {
    return this.#shape.ownRateFactor;
  }
  /** True while no pass is taken: nothing would be forgotten with this purse. */
  get isUntouched() {
    return this.#taken === 0;
  }
  /** Takes a new setting; what was taken stays taken. */
  reshape(config) {
    this.#config = config;
    this.#passes.setWindow(config.perClient.windowMs);
  }
  /** Takes a pass from the client's limit and from the total, or from neither. */
  take(claim, nowMs) {
    if (this.#passes.count(claim.clientKey, nowMs) >= this.limitFor(claim)) {
      this.#refusedByClientLimit++;
      return { kind: "refused", by: "client" };
    }
    const usesReserve = this.#mayUseReserve(claim, nowMs);
    const buckets = this.#bucketsFor(claim, usesReserve);
    if (!areFilled(buckets, nowMs)) {
      this.#refusedByTotal++;
      return { kind: "refused", by: "total" };
    }
    for (const bucket of buckets) bucket.take();
    this.#passes.add(claim.clientKey, nowMs);
    if (usesReserve) this.#reserve.add(claim.clientKey, claim.verifiedPerMinute, nowMs);
    this.#taken++;
    let isHeld = true;
    const giveBack = () => {
      if (!isHeld) return;
      isHeld = false;
      this.#giveBack(claim.clientKey, buckets, nowMs);
      if (usesReserve) this.#reserve.remove(claim.clientKey, nowMs);
    };
    return { kind: "taken", giveBack };
  }
  /** Passes of a client in the current window. */
  used(clientKey, nowMs) {
    return this.#passes.count(clientKey, nowMs);
  }
  /** Whether a claim could succeed: for any key, only for a key with history, or not at all. Takes nothing. */
  roomFor(claim, nowMs) {
    const isAvailable = (isKnown) => {
      const usesReserve = this.#mayUseReserve({ ...claim, isKnown }, nowMs);
      return areFilled(this.#bucketsFor(claim, usesReserve), nowMs);
    };
    if (this.#config.perClient.limit === 0 || !isAvailable(true)) return "none";
    return isAvailable(claim.isKnown) ? "any" : "known_only";
  }
  /** Whole passes that the total holds. */
  remaining(nowMs) {
    return Math.floor(this.#total.available(nowMs));
  }
  /** Degraded passes this client may have in one window. */
  limitFor({ clientKey, isKnown, verifiedPerMinute }) {
    const { ownRateFactor: ownRateFactor4 } = this.#shape;
    return clientLimit({ ...this.perClientOf(clientKey), ownRateFactor: ownRateFactor4 }, isKnown ? verifiedPerMinute : void 0);
  }
  /** The limit of a key before its history; a vouched identity, one user, has less than an address and never more. */
  perClientOf(clientKey) {
    const { limit: limit2, windowMs: windowMs4 } = this.#config.perClient;
    if (!isVouchedFor(clientKey)) return this.#config.perClient;
    const ofOneUser = Math.max(1, Math.floor(this.#shape.vouchedPerMinute * windowMs4 / 6e4));
    return { limit: Math.min(limit2, ofOneUser), windowMs: windowMs4 };
  }
  /** Sets what the whole purse refills with, in passes a minute. */
  setTotal(perMinute, nowMs) {
    this.#total.setRate(perMinute, nowMs);
    this.#strangers.setRate(perMinute / 2, nowMs);
    this.#fallback?.setRate(perMinute / 2, nowMs);
  }
  /** The purse as plain JSON. */
  snapshot(nowMs) {
    return {
      perMinute: this.#total.perMinute,
      capacity: this.#total.capacity,
      remaining: this.remaining(nowMs),
      taken: this.#taken,
      refusedByClientLimit: this.#refusedByClientLimit,
      refusedByTotal: this.#refusedByTotal,
      perClient: { ...this.#config.perClient }
    };
  }
  #bucketsFor({ isFallback }, usesReserve) {
    const buckets = [this.#total];
    if (!usesReserve) buckets.push(this.#strangers);
    if (isFallback && this.#fallback) buckets.push(this.#fallback);
    return buckets;
  }
  /** Whether the key need not draw on what is there for keys without history. */
  #mayUseReserve({ clientKey, isKnown, verifiedPerMinute }, nowMs) {
    if (!isKnown) return false;
    const shareNeeded = this.#reserve.shareNeeded(clientKey, verifiedPerMinute, nowMs);
    return this.#total.available(nowMs) > shareNeeded * this.#total.capacity;
  }
  #giveBack(clientKey, buckets, takenMs) {
    for (const bucket of buckets) bucket.giveBack();
    this.#passes.remove(clientKey, takenMs);
    this.#taken--;
  }
};
function areFilled(buckets, nowMs) {
  return buckets.every((bucket) => bucket.available(nowMs) >= 1);
}

// lib/site/purse-book.ts
var PurseBook = class {
  #options;
  #configs = /* @__PURE__ */ new Map();
  #own = /* @__PURE__ */ new Map();
  #parent;
  constructor(options2) {
    this.#options = options2;
  }
  /**
   * Opens the purse of a setting; guards with the same setting share it. Returns the setting's name. What was taken before a
   * second setting opens stays taken in the parent; the setting that was alone until then gets a full purse of its own.
   */
  open(config) {
    const setting = settingOf(config);
    if (this.#configs.has(setting)) return setting;
    this.#configs.set(setting, config);
    const bound = largest([...this.#configs.values()]);
    if (this.#parent === void 0 || this.#parent.isUntouched) this.#parent = this.#newPurse(bound);
    else this.#parent.reshape(bound);
    if (this.#configs.size > 1) {
      for (const [name, each] of this.#configs) if (!this.#own.has(name)) this.#own.set(name, this.#newPurse(each));
    }
    return setting;
  }
  /** The purses that a pass has to be taken from: the setting's own, and the parent unless this request drew on it before. */
  chain(setting, isParentDrawn) {
    const own = this.#own.get(setting);
    const parent = this.#parent;
    if (own === void 0) return [parent];
    return isParentDrawn ? [own] : [own, parent];
  }
  /** The purse whose limits a guard's users meet first. */
  ownPurse(setting) {
    return this.#own.get(setting) ?? this.#parent;
  }
  /** What the shared store calls a purse; the parent, or the only one, has the plain name. */
  storeName(purse2) {
    const { name } = this.#options;
    if (purse2 === this.#parent) return name;
    const digest = createHash2("sha256").update(settingOf(purse2.config)).digest("hex");
    return `${name}:${digest.slice(0, 12)}`;
  }
  /** Sets the totals to what is expected now. */
  followBaseline() {
    const nowMs = this.#options.clock.nowMs();
    for (const purse2 of this.#own.values()) this.#follow(purse2, nowMs);
    if (this.#parent) this.#follow(this.#parent, nowMs);
  }
  #follow(purse2, nowMs) {
    purse2.setTotal(this.#options.totalPerMinute(purse2.config.total), nowMs);
  }
  /** Starts full: what is expected of a site is known before its first outage. */
  #newPurse(config) {
    const { shape, clock, totalPerMinute } = this.#options;
    return new Purse(shape, config, clock.nowMs(), totalPerMinute(config.total));
  }
};
function takeFromAll(chain, claim, nowMs) {
  const taken = [];
  const giveBack = () => {
    for (const hold of taken) hold.giveBack();
  };
  for (const purse2 of chain) {
    const result = purse2.take(claim, nowMs);
    if (result.kind === "refused") {
      giveBack();
      return result;
    }
    taken.push(result);
  }
  return { kind: "taken", giveBack };
}
function settingOf({ perClient, total }) {
  const { limit: limit2, windowMs: windowMs4 } = perClient;
  return [limit2, windowMs4, total.floorPerMinute, total.baselineFactor, total.startPerMinute].join("-");
}
function largest(configs) {
  const rate = ({ perClient: perClient2 }) => perClient2.limit / perClient2.windowMs;
  const perClient = configs.reduce((most2, config) => rate(config) > rate(most2) ? config : most2).perClient;
  const most = (figure) => Math.max(...configs.map(({ total }) => total[figure]));
  return {
    perClient,
    total: {
      floorPerMinute: most("floorPerMinute"),
      baselineFactor: most("baselineFactor"),
      startPerMinute: most("startPerMinute")
    }
  };
}

// lib/site/store-refusals.ts
var maxClients = 1e5;
var StoreRefusals = class {
  #clients = new AgingMap(maxClients);
  /** Notes that the client is refused this until then. */
  note(clientKey, what, untilMs, nowMs) {
    const ends = this.#clients.get(clientKey) ?? /* @__PURE__ */ new Map();
    ends.set(what, untilMs);
    this.#clients.set(clientKey, ends, (others) => [...others.values()].every((endMs) => endMs <= nowMs));
  }
  /** True while the store would refuse this to the client. */
  has(clientKey, what, nowMs) {
    const untilMs = this.#clients.get(clientKey)?.get(what);
    return untilMs !== void 0 && nowMs < untilMs;
  }
  /** Forgets a client: a pass was given back, or a verified one may have raised its limit. */
  forget(clientKey) {
    this.#clients.delete(clientKey);
  }
};

// lib/site/vouched-address.ts
var limit = 100;
var windowMs3 = 6e4;
var maxKeys6 = 1e5;
var VouchedAddress = class {
  #passes = new SlidingLog(windowMs3, maxKeys6);
  /** The count as the shared store knows it. */
  storePurse(addressKey) {
    return { name: "known", limit, windowMs: windowMs3, ownRateFactor: 0, clientKey: addressKey };
  }
  hasRoom(addressKey, nowMs) {
    return this.#passes.count(addressKey, nowMs) < limit;
  }
  /** Counts a pass. Returns what takes it back, once. */
  take(addressKey, nowMs) {
    this.#passes.add(addressKey, nowMs);
    let isHeld = true;
    return () => {
      if (isHeld) this.#passes.remove(addressKey, nowMs);
      isHeld = false;
    };
  }
};

// lib/site/ledger.ts
var passedBefore = Object.freeze({ isFirst: false, isFirstThisMinute: false });
var reserve = "reserve";
var unknownForMs = 5e3;
var Ledger = class {
  #options;
  #books;
  #replay = { ordinary: new ReplayMemory(), fallback: new ReplayMemory() };
  #vouchedAddress = new VouchedAddress();
  #refusals = new StoreRefusals();
  #history;
  constructor(options2) {
    const { clock, totalPerMinute, history } = options2;
    this.#options = options2;
    this.#history = history ?? new ClientHistory();
    this.#books = {
      // A known key, behind which many users may sit, may pass more often than the limit; only with evidence of an outage.
      outage: new PurseBook({
        name: "outage",
        shape: { halvesFallback: false, ownRateFactor: 3, vouchedPerMinute: 5 },
        clock,
        totalPerMinute
      }),
      doubt: new PurseBook({
        name: "doubt",
        shape: { halvesFallback: true, ownRateFactor: 0, vouchedPerMinute: 0.3 },
        clock,
        totalPerMinute
      })
    };
  }
  /** Opens a guard's purses. Returns the names of their settings, for claims and snapshots. */
  openPurses(config) {
    return { outage: this.#books.outage.open(config.outage), doubt: this.#books.doubt.open(config.doubt) };
  }
  /** Holds fallback tickets that passed as long as they are valid: their time stamp may be ahead, and guards differ in the age. */
  holdFallbackFor(maxAgeMs) {
    this.#replay.fallback.widen(maxAgeMs + maxClockLeadMs);
  }
  /** True when this ticket passed here in the last five minutes; a fallback ticket, as long as it is valid. */
  hasPassed(ticketKey, isFallback = false) {
    return this.#replayOf(isFallback).has(ticketKey, this.#now());
  }
  /** Takes one degraded pass and marks the ticket, together or not at all. */
  claimPass(claim) {
    this.#books[claim.purse].followBaseline();
    const store = this.#liveStore();
    return store === void 0 ? this.#claimLocally(claim) : this.#claimShared(claim, store);
  }
  /**
   * Marks a verified ticket and notes the client's history, unless the ticket has passed already.
   *
   * @param isWanted false once the client has gone: the ticket may then come again
   */
  recordVerified(ticketKey, clientKey, isWanted = () => true) {
    this.followBaseline();
    if (!this.#replay.ordinary.markPassed(ticketKey, this.#now())) return passedBefore;
    const store = this.#liveStore();
    if (store === void 0) return this.#noteVerified(clientKey);
    return this.#recordShared(store, { ticketKey, clientKey, isWanted });
  }
  /** Notes the history of a client whose degraded pass turned out genuine. */
  recordGenuine(clientKey) {
    this.#noteVerified(clientKey);
    this.#options.store()?.tell((session) => session.recordHistory(clientKey));
  }
  /** The client's own verified passes a minute; 0 without history. */
  verifiedPerMinute(clientKey) {
    return this.#history.verifiedPerMinute(clientKey, this.#now());
  }
  /** Whether the client has a verified pass in the last 24 hours, or is vouched for by the application. */
  isKnown(clientKey) {
    return isVouchedFor(clientKey) || this.verifiedPerMinute(clientKey) > 0;
  }
  /** Asks the store for a client's history, which it may have from another process. */
  lookForHistory(clientKey) {
    this.#options.store()?.tell(async (session) => {
      const history = await session.readHistory(clientKey);
      if (history) this.#history.adopt(clientKey, history.verifiedPerMinute, this.#now());
    });
  }
  /** Sets the totals to what is expected now, as soon as it is known: a purse has to fill before the outage, not in it. */
  followBaseline() {
    this.#books.outage.followBaseline();
    this.#books.doubt.followBaseline();
  }
  /** The purses of a guard's settings as plain JSON. */
  snapshot(settings) {
    this.followBaseline();
    const of = (name) => this.#books[name].ownPurse(settings[name]).snapshot(this.#now());
    return { outage: of("outage"), doubt: of("doubt") };
  }
  #now() {
    return this.#options.clock.nowMs();
  }
  #liveStore() {
    const store = this.#options.store();
    return store?.isDown ? void 0 : store;
  }
  /** A ticket may have passed degraded at another process, which spent nothing at Tencent. */
  async #recordShared(store, { ticketKey, clientKey, isWanted }) {
    const { windowMs: replayMs } = this.#replay.ordinary;
    const passId = randomUUID();
    const answer = await store.ask((session) => session.recordVerified({ passId, ticketKey, clientKey, replayMs }));
    if (answer.kind === "answer" && !answer.value.isFirst) return passedBefore;
    if (!isWanted()) {
      this.#replay.ordinary.unmark(ticketKey);
      const mark = { claimId: passId, purses: [], clientKey, ticketKey, replayMs, requireKnown: false };
      releaseWhenHeld(store, answer, mark, ({ isFirst }) => isFirst);
    }
    return this.#noteVerified(clientKey);
  }
  #noteVerified(clientKey) {
    this.#refusals.forget(clientKey);
    return { isFirst: true, isFirstThisMinute: this.#history.noteVerified(clientKey, this.#now()) };
  }
  #claimLocally(claim) {
    const nowMs = this.#now();
    const { ticketKey, isFallback } = claim;
    const replay = this.#replayOf(isFallback);
    if (ticketKey !== void 0 && replay.has(ticketKey, nowMs)) return { kind: "replayed" };
    const countedAddress = countedAddressOf(claim);
    const hasRoom = countedAddress === void 0 || this.#vouchedAddress.hasRoom(countedAddress, nowMs);
    if (!hasRoom) return this.#exhausted(claim, "client");
    const purseClaim = this.#purseClaim(claim);
    const result = takeFromAll(this.#chain(claim), purseClaim, nowMs);
    if (result.kind === "refused") return this.#exhausted(claim, result.by);
    const uncount = countedAddress === void 0 ? void 0 : this.#vouchedAddress.take(countedAddress, nowMs);
    if (ticketKey !== void 0) replay.markPassed(ticketKey, nowMs);
    const giveBack = () => {
      result.giveBack();
      uncount?.();
      this.#refusals.forget(claim.clientKey);
      if (ticketKey !== void 0) replay.unmark(ticketKey);
    };
    const { used, limit: limit2, remaining } = this.#use(claim, purseClaim);
    return { kind: "granted", used, limit: limit2, remaining, giveBack };
  }
  /**
   * Asks the store first, for it alone sees all processes; then the local total, which is this process's share. Whatever
   * the local total would refuse anyway is not asked about, and nothing again that the store is known to refuse: a flood must not
   * become a flood on the store.
   */
  async #claimShared(claim, store) {
    const nowMs = this.#now();
    const { clientKey, ticketKey, isFallback } = claim;
    if (ticketKey !== void 0 && this.hasPassed(ticketKey, isFallback)) return { kind: "replayed" };
    const purses = `${claim.purse} ${claim.setting} ${claim.isParentDrawn}`;
    if (this.#refusals.has(clientKey, purses, nowMs)) return this.#exhausted(claim, "client");
    const purseClaim = this.#purseClaim(claim);
    const rooms = this.#chain(claim).map((purse2) => purse2.roomFor(purseClaim, nowMs));
    if (rooms.includes("none")) return this.#exhausted(claim, "total");
    const requireKnown = rooms.includes("known_only");
    if (requireKnown && this.#refusals.has(clientKey, reserve, nowMs)) return this.#exhausted(claim, "total");
    const shared = this.#sharedClaim(claim, requireKnown);
    const answer = await store.ask((session) => session.claim(shared));
    const release = () => releaseWhenHeld(store, answer, shared, ({ kind }) => kind === "granted");
    if (answer.kind === "down") return holdingBoth(this.#claimLocally(claim), release);
    this.#adoptHistory(clientKey, answer.value);
    switch (answer.value.kind) {
      case "replayed":
        return { kind: "replayed" };
      case "over_limit":
        this.#refusals.note(clientKey, purses, nowMs + shortest(answer.value.retryAfterMs, shared), nowMs);
        return this.#exhausted(claim, "client");
      case "unknown_client":
        this.#refusals.note(clientKey, reserve, nowMs + unknownForMs, nowMs);
        return this.#exhausted(claim, "total");
      case "granted":
        return holdingBoth(this.#claimLocally(claim), release);
    }
  }
  #sharedClaim(claim, requireKnown) {
    const { clientKey, ticketKey, isFallback } = claim;
    const drawn = this.#chain(claim).map((purse2) => ({
      name: this.#books[claim.purse].storeName(purse2),
      ...purse2.perClientOf(clientKey),
      ownRateFactor: purse2.ownRateFactor
    }));
    const countedAddress = countedAddressOf(claim);
    const purses = countedAddress === void 0 ? drawn : [...drawn, this.#vouchedAddress.storePurse(countedAddress)];
    const replayMs = this.#replayOf(isFallback).windowMs;
    return { claimId: randomUUID(), purses, clientKey, ticketKey, replayMs, requireKnown };
  }
  #replayOf(isFallback) {
    return isFallback ? this.#replay.fallback : this.#replay.ordinary;
  }
  #chain({ purse: purse2, setting, isParentDrawn }) {
    return this.#books[purse2].chain(setting, isParentDrawn);
  }
  #purseClaim({ clientKey, isFallback }) {
    const verifiedPerMinute = this.verifiedPerMinute(clientKey);
    return { clientKey, isKnown: verifiedPerMinute > 0 || isVouchedFor(clientKey), verifiedPerMinute, isFallback };
  }
  #exhausted(claim, by) {
    return { kind: "exhausted", by, ...this.#use(claim) };
  }
  #use(claim, purseClaim = this.#purseClaim(claim)) {
    const nowMs = this.#now();
    const own = this.#books[claim.purse].ownPurse(claim.setting);
    const limit2 = own.limitFor(purseClaim);
    return { used: own.used(claim.clientKey, nowMs), limit: limit2, remaining: own.remaining(nowMs) };
  }
  #adoptHistory(clientKey, result) {
    if ("history" in result && result.history)
      this.#history.adopt(clientKey, result.history.verifiedPerMinute, this.#now());
  }
};
function countedAddressOf({ clientKey, addressKey, isParentDrawn }) {
  return isVouchedFor(clientKey) && !isParentDrawn ? addressKey : void 0;
}
function releaseWhenHeld(store, answer, claim, isHeld) {
  const release = (session) => session.release(claim);
  if (answer.kind === "answer") return store.tell(release);
  void answer.late.then((late) => {
    if (late !== void 0 && isHeld(late)) store.undo(release);
  });
}
function shortest(retryAfterMs2, { purses }) {
  return Math.min(retryAfterMs2, ...purses.map(({ windowMs: windowMs4 }) => windowMs4));
}
function holdingBoth(local, release) {
  if (local.kind !== "granted") {
    release();
    return local;
  }
  const giveBack = () => {
    local.giveBack();
    release();
  };
  return { ...local, giveBack };
}

// lib/site/outage-watch.ts
var OutageWatch = class {
  #clock;
  #listener;
  #state = "healthy";
  #why = "no failure seen";
  #sinceEpochMs;
  #sinceMs;
  #decisions = /* @__PURE__ */ new Map();
  constructor(clock, listener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#sinceEpochMs = clock.epochMs();
    this.#sinceMs = clock.nowMs();
  }
  /** Notes the state and why. Calls the listener where an outage starts or ends. */
  move(state, why) {
    if (state === this.#state) {
      if (state !== "healthy") this.#why = why;
      return;
    }
    const durationMs2 = this.#clock.nowMs() - this.#sinceMs;
    const decisions = Object.fromEntries(this.#decisions);
    const [before, whyBefore] = [this.#state, this.#why];
    this.#state = state;
    this.#why = why;
    this.#sinceEpochMs = this.#clock.epochMs();
    this.#sinceMs = this.#clock.nowMs();
    this.#decisions.clear();
    this.#listener.changed({ ...this.snapshot(), before });
    if (before === "outage") this.#listener.ended({ why: whyBefore, durationMs: durationMs2, decisions });
    if (state === "outage") this.#listener.started({ why });
  }
  /** Counts a degraded decision, by cause, for the line at the outage's end. */
  count(cause) {
    this.#decisions.set(cause, (this.#decisions.get(cause) ?? 0) + 1);
  }
  /** The state as of the last {@link move}. */
  get state() {
    return this.#state;
  }
  /** The path as plain JSON. */
  snapshot() {
    return { state: this.#state, since: new Date(this.#sinceEpochMs).toISOString(), why: this.#why };
  }
};

// lib/site/override-switch.ts
var overrideOff = Object.freeze({ mode: "none", by: "", leftMs: Number.POSITIVE_INFINITY });
var OverrideSwitch = class {
  #clock;
  #onChange;
  #state = overrideOff;
  /** On the monotonic clock. */
  #endMs = Number.POSITIVE_INFINITY;
  #timer;
  constructor(clock, onChange) {
    this.#clock = clock;
    this.#onChange = onChange;
  }
  /** Sets a state; `'shared'` where another process set it. */
  set(state, why = "set") {
    this.#timer?.cancel();
    this.#state = state;
    this.#endMs = this.#clock.nowMs() + state.leftMs;
    this.#watchForEnd();
    this.#onChange(state, why);
  }
  /** Frees the timer. */
  close() {
    this.#timer?.cancel();
  }
  /** Notices the end in time where no request reads {@link mode}. */
  #watchForEnd() {
    if (!Number.isFinite(this.#endMs)) return;
    this.#timer = this.#clock.after(Math.max(0, this.#endMs - this.#clock.nowMs()), () => {
      if (this.mode !== "none") this.#watchForEnd();
    });
  }
  /** The mode in force now; `'none'` from the end on. */
  get mode() {
    if (this.#endMs <= this.#clock.nowMs()) {
      const expired2 = { ...this.#state, leftMs: 0 };
      this.#state = overrideOff;
      this.#endMs = Number.POSITIVE_INFINITY;
      this.#onChange(expired2, "expired");
    }
    return this.#state.mode;
  }
  /** The override as plain JSON. */
  snapshot() {
    const mode = this.mode;
    const { by } = this.#state;
    const leftMs = this.#endMs - this.#clock.nowMs();
    const until2 = Number.isFinite(leftMs) && { until: new Date(this.#clock.epochMs() + leftMs).toISOString() };
    return { mode, ...by && { by }, ...until2 };
  }
};

// lib/site/shared-override.ts
import { randomUUID as randomUUID2 } from "node:crypto";
var SharedOverride = class {
  #options;
  /** The last one that was set here or taken over; `setMs` is on this process's monotonic clock. */
  #known;
  /** What the store's clock shows beyond this process's monotonic one, as of the last heartbeat. */
  #storeAheadMs;
  constructor(options2) {
    this.#options = options2;
  }
  /** Sets the override here and, through the store, at the other processes of the site. */
  set(state) {
    const { mode, by, leftMs } = state;
    const forMs = Number.isFinite(leftMs) ? leftMs : null;
    this.#known = { id: randomUUID2(), mode, by, forMs, setMs: this.#options.clock.nowMs() };
    this.#options.override.set(state);
    if (this.#storeAheadMs !== void 0) this.#share(this.#known, this.#storeAheadMs);
  }
  /** Takes a heartbeat's answer. */
  hear({ nowMs, override }) {
    const storeAheadMs = nowMs - this.#options.clock.nowMs();
    this.#storeAheadMs = storeAheadMs;
    const known = this.#known;
    if (known === void 0) {
      if (override !== void 0) this.#adopt(override, storeAheadMs);
    } else if (override?.id !== known.id) this.#share(known, storeAheadMs);
  }
  #share(known, storeAheadMs) {
    this.#options.store()?.tell(async (session) => {
      const standing = await session.setOverride({ ...known, setMs: Math.floor(known.setMs + storeAheadMs) });
      if (standing.id !== known.id && this.#known === known) this.#adopt(standing, storeAheadMs);
    });
  }
  #adopt(standing, storeAheadMs) {
    const { clock, override } = this.#options;
    const nowMs = clock.nowMs();
    const known = { ...standing, setMs: Math.min(nowMs, standing.setMs - storeAheadMs) };
    this.#known = known;
    const { mode, by, forMs } = known;
    const leftMs = forMs === null ? Number.POSITIVE_INFINITY : known.setMs + forMs - nowMs;
    const next = leftMs > 0 ? { mode, by, leftMs } : { ...overrideOff, by };
    if (next.mode !== "none" || override.mode !== "none") override.set(next, "shared");
  }
};

// lib/site/site.ts
var Site = class {
  circuit;
  clientPath;
  ledger;
  inFlight;
  charges;
  callAllowance;
  apiWatch;
  clientPathWatch;
  override;
  fleet;
  #parts;
  #expected;
  #settings;
  #store;
  #sharedOverride;
  constructor(parts) {
    const { clock, listener, settings } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.apiWatch = new OutageWatch(clock, listener.api);
    this.clientPathWatch = new OutageWatch(clock, listener.clientPath);
    this.inFlight = new InFlight(settings.maxInFlight);
    this.circuit = new Circuit(clock, settings, parts.runCanary, () => this.#circuitChanged());
    this.#expected = new ExpectedPasses(clock.nowMs(), () => this.#settings.expectedPerMinute);
    this.clientPath = new ClientPath({
      clock,
      probe: () => this.#settings.probe ? parts.runProbe : void 0,
      expected: this.#expected,
      onChange: () => this.refresh()
    });
    this.override = new OverrideSwitch(clock, (state, why) => listener.override(state, why));
    this.#sharedOverride = new SharedOverride({ clock, override: this.override, store: () => this.#store });
    this.fleet = new FleetStatus({ clock, store: () => this.#store });
    this.ledger = new Ledger({
      clock,
      totalPerMinute: (total) => this.#totalPerMinute(total),
      store: () => this.#store,
      history: parts.history
    });
    this.callAllowance = new CallAllowance({
      clock,
      verifiedPerMinute: (clientKey) => this.ledger.verifiedPerMinute(clientKey),
      expectedPerMinute: () => this.expectedPerMinute()
    });
    this.charges = new ClientCharges({
      clock,
      verifiedPerMinute: (clientKey) => this.ledger.verifiedPerMinute(clientKey),
      isKnown: (clientKey) => this.ledger.isKnown(clientKey),
      isBusy: () => !this.inFlight.hasRoomToSpare || this.callAllowance.isScarce,
      onStrangerLimited: (clientKey) => this.ledger.lookForHistory(clientKey)
    });
    this.configure(settings);
  }
  /** Takes new settings; a store that was not there before is connected to. */
  configure(settings) {
    this.#settings = settings;
    this.inFlight.configure(settings.maxInFlight);
    this.circuit.configure(settings);
    if (settings.store !== void 0) this.#store ??= this.#connect(settings.store);
  }
  /** What the server itself has seen, and why it counts; nothing that an unverified caller sends changes it. */
  evidenceFor(ticketKind) {
    if (this.circuit.evidence() === "outage") return { evidence: "outage", evidenceWhy: this.#apiFinding().why };
    if (this.#parts.isOnTrial?.())
      return { evidence: "outage", evidenceWhy: "the endpoint in use has verified no ticket yet" };
    if (ticketKind !== "fallback") return { evidence: "none", evidenceWhy: this.#apiFinding().why };
    const { state, why } = this.clientPath.finding();
    return { evidence: state === "outage" ? "outage" : "none", evidenceWhy: why };
  }
  /**
   * Records a verified ticket. Returns false when it had passed already; a promise only where a shared store is asked.
   *
   * @param isWanted false once the client has gone: the ticket may then come again
   */
  recordVerified(ticketKey, clientKey, isWanted) {
    const record = this.ledger.recordVerified(ticketKey, clientKey, isWanted);
    return record instanceof Promise ? record.then((shared) => this.#learnFrom(shared)) : this.#learnFrom(record);
  }
  /** Counts a degraded decision for the outage under way, and brings the watches up to now. */
  noteVerdict(verdict) {
    if (verdict.degraded) {
      const watch = verdict.cause === "client_fallback" ? this.clientPathWatch : this.apiWatch;
      watch.count(verdict.cause);
    }
    this.refresh();
  }
  /** Sets the override here and, through the store, at the other processes of the site. */
  setOverride(state) {
    this.#sharedOverride.set(state);
  }
  /** Verified passes a minute as this process has learned them, or as another run of the site did. */
  get baselinePerMinute() {
    return this.#expected.baselinePerMinute;
  }
  /** The same over days. */
  get referencePerMinute() {
    return this.#expected.referencePerMinute;
  }
  /** Verified passes a minute of this process that may be relied on: the baseline, as far as the reference bears it out. */
  expectedPerMinute() {
    return this.#expected.perMinute;
  }
  /** What a purse with this setting refills by right now. */
  purseBasis({ floorPerMinute, baselineFactor }) {
    const expected = this.expectedPerMinute();
    if (expected === void 0) return "start";
    if (baselineFactor * expected <= floorPerMinute / this.#expected.processes) return "floor";
    return this.baselinePerMinute === void 0 ? "estimate" : "baseline";
  }
  /** The store as the snapshot shows it; `memory` is always up. */
  get storeState() {
    const isUp = this.#store === void 0 || this.#store.isUp;
    const kind = this.#settings.store?.kind ?? "memory";
    return { kind, state: isUp ? "up" : "down", processes: this.#expected.processes };
  }
  /** Brings watches and baseline up to now; some evidence ends by time alone. */
  refresh() {
    const wasHealthy = this.#isHealthy();
    if (this.circuit.state === "suspect") this.#watchApi();
    const { state, why } = this.clientPath.finding();
    this.clientPathWatch.move(state, why);
    this.#expected.roll(this.#parts.clock.nowMs(), wasHealthy && this.#isHealthy());
  }
  /** Frees timers, gives up canary and probe, and leaves the store. */
  close() {
    this.circuit.close();
    this.clientPath.close();
    this.override.close();
    this.#store?.close();
  }
  #learnFrom({ isFirst, isFirstThisMinute }) {
    if (isFirstThisMinute) {
      this.clientPath.noteVerified();
      this.#expected.count(this.#parts.clock.nowMs(), this.#isHealthy());
    }
    return isFirst;
  }
  #circuitChanged() {
    const wasHealthy = this.#isHealthy();
    this.#watchApi();
    if (!wasHealthy || !this.#isHealthy()) this.#expected.roll(this.#parts.clock.nowMs(), false);
    this.#parts.listener.circuitChanged();
  }
  #watchApi() {
    const { state, why } = this.#apiFinding();
    this.apiWatch.move(state, why);
  }
  #apiFinding() {
    const { state, why } = this.circuit;
    if (state === "closed") return { state: "healthy", why: "the API answers" };
    if (state === "open") return { state: "outage", why: `circuit open: ${why}` };
    if (this.circuit.evidence() === "outage") return { state: "outage", why: "brown-out: canaries fail" };
    return { state: "suspect", why: why ?? "calls fail" };
  }
  /**
   * Whether this minute may teach the baseline. A suspicion alone does not spoil it: a ticket that makes Tencent stumble raises
   * one against the API, with which an attacker could spoil the quiet minutes and leave the busy ones, and a probe that fails
   * while users are verified raises one against the script for as long as a firewall stays closed. An endpoint on trial has verified
   * no ticket, whatever was sent.
   */
  #isHealthy() {
    if (this.#parts.isOnTrial?.()) return false;
    return this.apiWatch.state !== "outage" && this.clientPathWatch.state !== "outage";
  }
  /** Floors and what is expected of the whole site are divided by the live processes; what this process learned is not. */
  #totalPerMinute({ floorPerMinute, baselineFactor, startPerMinute }) {
    const expected = this.expectedPerMinute();
    const { processes } = this.#expected;
    return expected === void 0 ? startPerMinute / processes : Math.max(floorPerMinute / processes, baselineFactor * expected);
  }
  #connect(store) {
    const { captchaAppId, clock, listener } = this.#parts;
    const session = store.connect({
      captchaAppId,
      processId: randomUUID3(),
      lifetimes: storeLifetimes,
      onCorruption: (key2) => listener.storeCorrupted(key2)
    });
    return new StoreLink({
      session: checkedSession(session),
      clock,
      learned: () => this.#expected.learned,
      onState: (state) => this.#adoptShared(state),
      onDown: (why) => listener.storeDown(why),
      onUp: () => listener.storeUp()
    });
  }
  #adoptShared(state) {
    this.#expected.adopt(state);
    this.ledger.followBaseline();
    this.#sharedOverride.hear(state);
    this.fleet.heartbeatAnswered();
  }
};

// lib/tencent/fallback-ticket.ts
var clientErrorCodes = {
  /** The main script did not load. The vendor's script never makes this code: the page does. */
  scriptLoadError: 1001,
  /** `show()` had no effect in time. The vendor's own limit is 20 s, the kit's is `showTimeoutMs`. */
  showTimeout: 1002,
  /** The script threw an exception, or called back with neither a ticket nor a code of four digits. */
  scriptRunError: 1005
};
function buildFallbackTicket(clientErrorCode, captchaAppId, epochMs) {
  return `trerror_${clientErrorCode}_${captchaAppId}_${Math.floor(epochMs / 1e3)}`;
}

// lib/tencent/canary.ts
var canaryUserIp = "119.29.29.29";
function askCanary(options2, timeoutMs, done) {
  const { captchaAppId, channel: channel2, upstream, clock } = options2;
  const ticket = buildFallbackTicket(clientErrorCodes.scriptLoadError, captchaAppId, clock.epochMs());
  const call = { channel: channel2, ticket, randstr: "@canary", userIp: canaryUserIp };
  return upstream.verify(call, timeoutMs, (result) => done(classifyReply(result, channel2)));
}
function healthReport(reply, durationMs2) {
  switch (reply.kind) {
    case "verified":
      return { status: "reachable", ...codesOf(reply.facts), durationMs: durationMs2 };
    case "refused": {
      const isMismatch = reply.reason === "ticket_invalid" || reply.reason === "app_mismatch";
      return { status: isMismatch ? "misconfigured" : "reachable", ...codesOf(reply.facts), durationMs: durationMs2 };
    }
    case "degraded":
      if (reply.cause === "misconfigured") return { status: "misconfigured", ...codesOf(reply.facts), durationMs: durationMs2 };
      if (reply.cause === "throttled") return { status: "reachable", ...codesOf(reply.facts), durationMs: durationMs2 };
      return {
        status: "unreachable",
        ...codesOf(reply.facts),
        cause: reply.cause === "circuit_open" ? "unreachable" : reply.cause,
        durationMs: durationMs2
      };
    case "bug":
      throw reply.error;
  }
}
function codesOf({ captchaCode, errorCode }) {
  return { ...captchaCode !== void 0 && { captchaCode }, ...errorCode !== void 0 && { errorCode } };
}

// lib/tencent/endpoint.ts
var refusedKeysNeeded = 3;
var trialHoldMs = 3e5;
var Endpoint = class {
  ways;
  isPreferred;
  #clock;
  #isOnTrial;
  /** Client keys with history that were refused in this trial, up to the number that is needed. */
  #refusedKeys = /* @__PURE__ */ new Set();
  #trialFailedMs = Number.NEGATIVE_INFINITY;
  #state = "unknown";
  #sinceEpochMs;
  #lastCanary;
  constructor(ways2, isPreferred, clock) {
    this.ways = ways2;
    this.isPreferred = isPreferred;
    this.#clock = clock;
    this.#isOnTrial = !isPreferred;
    this.#sinceEpochMs = clock.epochMs();
  }
  /** Whether no ticket was verified here yet. Never for the preferred endpoint: the operator vouches for it. */
  get isOnTrial() {
    return this.#isOnTrial;
  }
  /** Whether it was on trial and failed within the last five minutes. */
  get hasFailedTrial() {
    return this.#isOnTrial && this.#clock.nowMs() - this.#trialFailedMs < trialHoldMs;
  }
  /** Notes that users fail here while canaries are healthy. The next trial begins anew. */
  failTrial() {
    this.#trialFailedMs = this.#clock.nowMs();
    this.#refusedKeys.clear();
  }
  /**
   * What a reply to a user's ticket from here counts for. On trial a refusal is no verdict: that a host answers does not say that
   * it knows our tickets. It becomes the degraded decision that there would have been without a move.
   */
  judge(reply) {
    if (hasCodeOne(reply)) {
      this.#isOnTrial = false;
      this.#move("healthy");
      return reply;
    }
    if (!this.#isOnTrial) return reply;
    return isRefusal(reply) ? degraded("circuit_open", { facts: reply.facts, isEvidence: false }) : reply;
  }
  /**
   * Whether a reply to a user's ticket, once it was judged, counts as a failure of this endpoint: a refusal on trial, for a client with
   * history. Junk of new clients counts for nothing. What a buyer of history sends is outweighed by the first honest ticket that is
   * verified.
   */
  isTrialFailure(reply, { clientKey, isKnown }) {
    if (!this.#isOnTrial || !isKnown || !isRefusal(reply)) return false;
    if (this.#refusedKeys.size < refusedKeysNeeded) this.#refusedKeys.add(clientKey);
    return this.#refusedKeys.size >= refusedKeysNeeded;
  }
  /** Notes what a canary here said. */
  note(report) {
    if (report === "unknown") return;
    this.#lastCanary = { result: report, atMs: this.#clock.nowMs() };
    this.#move(report);
  }
  /** The endpoint as plain JSON; `undefined` where it has no URL. */
  snapshot(inUse) {
    const { url } = this.ways;
    if (url === void 0) return void 0;
    return {
      url,
      inUse,
      preferred: this.isPreferred,
      state: this.#state,
      since: new Date(this.#sinceEpochMs).toISOString(),
      onTrial: this.#isOnTrial,
      ...this.#lastCanary && {
        lastCanary: {
          result: this.#lastCanary.result,
          agoMs: Math.round(this.#clock.nowMs() - this.#lastCanary.atMs)
        }
      }
    };
  }
  #move(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceEpochMs = this.#clock.epochMs();
  }
};
function scoutReport(reply) {
  const report = canaryReport(reply);
  const hasCode = "facts" in reply && reply.facts.captchaCode !== void 0;
  return report === "healthy" && !hasCode ? "failed" : report;
}
function isRefusal(reply) {
  return reply.kind === "refused" || reply.kind === "degraded" && reply.cause === "misconfigured";
}
function hasCodeOne(reply) {
  return (reply.kind === "verified" || reply.kind === "refused") && reply.facts.captchaCode === 1;
}

// lib/tencent/endpoint-return.ts
var healthyInRow = 3;
var shortestHoldMs = 3e4;
var longestHoldMs = 9e5;
var relapseMs = 6e5;
var jitterShare3 = 0.25;
var EndpointReturn = class {
  #clock;
  #ask;
  #onReady;
  #holdMs = shortestHoldMs;
  #returnedMs = Number.NEGATIVE_INFINITY;
  #healthy = 0;
  #timer;
  #giveUp;
  #isAway = false;
  /** @param onReady called once for each time away */
  constructor(clock, ask2, onReady) {
    this.#clock = clock;
    this.#ask = ask2;
    this.#onReady = onReady;
  }
  /** Calls have left the preferred endpoint. */
  left() {
    if (this.#isAway) return;
    const isRelapse = this.#clock.nowMs() - this.#returnedMs < relapseMs;
    this.#holdMs = isRelapse ? Math.min(this.#holdMs * 2, longestHoldMs) : shortestHoldMs;
    this.#isAway = true;
    this.#healthy = 0;
    this.#wait();
  }
  /** Calls are back at the preferred endpoint. */
  returned() {
    this.#returnedMs = this.#clock.nowMs();
    this.close();
  }
  /** Frees the timer and gives up a canary under way. */
  close() {
    this.#isAway = false;
    this.#timer?.cancel();
    this.#giveUp?.();
  }
  #wait() {
    const intervalMs = this.#holdMs / healthyInRow * (1 + jitterShare3 * this.#clock.jitter());
    this.#timer = this.#clock.after(intervalMs, () => {
      this.#giveUp = this.#ask((report) => this.#take(report));
    });
  }
  #take(report) {
    this.#giveUp = void 0;
    if (!this.#isAway) return;
    if (report === "healthy") this.#healthy++;
    else if (report === "failed") this.#healthy = 0;
    if (this.#healthy >= healthyInRow) this.#onReady();
    else this.#wait();
  }
};

// lib/tencent/endpoints.ts
var patienceMs = 300;
var Endpoints = class {
  #parts;
  /** Most preferred first. */
  #all;
  #return;
  #inUse;
  /** Start of the last canary of the endpoint in use, if it failed: the first other one that is healthy is moved to. */
  #failedMs;
  /** Those that answered a scout since the canary of the endpoint in use was last healthy. */
  #fit = /* @__PURE__ */ new Set();
  /** Scouts under way, with what gives each up. */
  #scouts = /* @__PURE__ */ new Map();
  #giveUpCanary = () => {
  };
  constructor(parts) {
    const { upstreams, clock } = parts;
    const preferred = new Endpoint(upstreams, true, clock);
    this.#parts = parts;
    this.#inUse = preferred;
    this.#all = [preferred, ...(upstreams.siblings ?? []).map((ways2) => new Endpoint(ways2, false, clock))];
    this.#return = new EndpointReturn(
      clock,
      this.#scouting(preferred),
      () => this.#move(preferred, "preferred_is_back")
    );
  }
  /** Where calls go now. */
  get inUse() {
    return this.#inUse;
  }
  /**
   * Runs a canary at the endpoint in use, and asks the others when it takes long or fails. Calls `done` exactly once, never
   * before it has returned; with `unknown` where calls have moved meanwhile. Returns a function that gives the canary up.
   */
  runCanary(timeoutMs, done) {
    const { clock, ask: ask2, onCanary } = this.#parts;
    const asked = this.#inUse;
    const startedMs = clock.nowMs();
    const timer = this.#all.length > 1 ? clock.after(patienceMs, () => this.#search()) : void 0;
    const giveUp = ask2(asked.ways.canary, timeoutMs, (reply) => {
      this.#giveUpCanary = () => {
      };
      timer?.cancel();
      onCanary(reply);
      const report = canaryReport(reply);
      asked.note(report);
      if (asked !== this.#inUse) return done("unknown");
      this.#learn(report, startedMs);
      done(report);
    });
    this.#giveUpCanary = giveUp;
    return giveUp;
  }
  /**
   * Users fail at the endpoint in use while its canary is healthy. On trial, that is a host that answers and does not know our
   * tickets: the next one that is healthy has its turn.
   */
  noteUsersFailing() {
    if (!this.#inUse.isOnTrial) return;
    this.#inUse.failTrial();
    this.#search();
  }
  /** The endpoints as plain JSON, most preferred first; empty with a client of the application's. */
  snapshot() {
    return this.#all.map((endpoint) => endpoint.snapshot(endpoint === this.#inUse)).filter((shown2) => shown2 !== void 0);
  }
  /** Frees timers and gives up the canaries of the endpoints that are not in use. */
  close() {
    this.#stopSearch();
    this.#return.close();
  }
  #learn(report, startedMs) {
    if (report === "healthy") return this.#inUse.hasFailedTrial ? this.noteUsersFailing() : this.#stopSearch();
    if (report === "unknown") return;
    this.#failedMs = startedMs;
    if (!this.#isFailing) return;
    const fit = this.#all.find((endpoint) => this.#fit.has(endpoint));
    if (fit === void 0) this.#search();
    else this.#move(fit, "canary_failed");
  }
  /** Users who are answered say more than a canary that failed, which may have been a lost packet. */
  get #isFailing() {
    if (this.#inUse.hasFailedTrial) return true;
    return this.#failedMs !== void 0 && !this.#parts.hasAnsweredSince(this.#failedMs);
  }
  /** Asks the other endpoints side by side, but for those that are being asked or have just failed their trial. */
  #search() {
    const others = this.#all.filter(
      (endpoint) => endpoint !== this.#inUse && !this.#scouts.has(endpoint) && !endpoint.hasFailedTrial
    );
    for (const endpoint of others) {
      const giveUp = this.#scouting(endpoint)((report) => {
        this.#scouts.delete(endpoint);
        if (report === "healthy") this.#found(endpoint);
        else this.#fit.delete(endpoint);
      });
      this.#scouts.set(endpoint, giveUp);
    }
  }
  #found(endpoint) {
    if (this.#isFailing) this.#move(endpoint, this.#inUse.hasFailedTrial ? "trial_failed" : "canary_failed");
    else this.#fit.add(endpoint);
  }
  #stopSearch() {
    this.#failedMs = void 0;
    this.#fit.clear();
    const scouts = [...this.#scouts.values()];
    this.#scouts.clear();
    for (const giveUp of scouts) giveUp();
    this.#fit.clear();
  }
  #scouting(endpoint) {
    return (done) => this.#parts.ask(endpoint.ways.scout ?? endpoint.ways.canary, void 0, (reply) => {
      const report = scoutReport(reply);
      endpoint.note(report);
      done(report);
    });
  }
  #move(to, why) {
    const from = this.#inUse;
    this.#inUse = to;
    this.#stopSearch();
    if (to.isPreferred) this.#return.returned();
    else this.#return.left();
    this.#parts.onMove({ from, to, why });
    this.#giveUpCanary();
  }
};

// lib/guard/tencent-calls.ts
import { AsyncResource as AsyncResource3 } from "node:async_hooks";
var keptMs = 3e4;
var maxKept = 4096;
var TencentCalls = class {
  #site;
  #endpoint;
  #clock;
  #tellCall;
  #underWay = /* @__PURE__ */ new Map();
  #kept = new AgingMap(maxKept);
  /**
   * @param endpoint where calls go now
   * @param tellCall told of each call that ended
   */
  constructor(site, endpoint, clock, tellCall = () => {
  }) {
    this.#site = site;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#tellCall = tellCall;
  }
  /** Whether a call about this ticket is under way, or its reply waits to be collected. */
  knows(callKey) {
    return this.#underWay.has(callKey) || this.#keptReply(callKey) !== void 0;
  }
  /**
   * Asks Tencent about a ticket, unless the circuit or our own cap says not to. Calls `take` once, in the async context of this
   * call and never before it has returned, unless it was left before.
   */
  ask(question, take) {
    const { callKey } = question;
    const underWay = this.#underWay.get(callKey);
    if (underWay !== void 0) return this.#join(underWay, question, take);
    const kept = this.#keptReply(callKey);
    if (kept === void 0) return this.#start(question, take);
    this.#kept.delete(callKey);
    return { kind: "answered", reply: kept };
  }
  /**
   * Takes the reply of a call about this ticket that was begun before, as soon as it is there. Calls `take` once, never before it
   * has returned. Returns false where there is no such call.
   */
  follow(callKey, take) {
    const underWay = this.#underWay.get(callKey);
    const kept = this.#keptReply(callKey);
    if (underWay !== void 0) underWay.takers = [...underWay.takers, take];
    else if (kept !== void 0) this.#clock.afterPoll(() => take(kept));
    this.#kept.delete(callKey);
    return underWay !== void 0 || kept !== void 0;
  }
  /** Keeps a reply to be collected. What the circuit gave up, what was never sent, or a bug, is none. */
  keep(callKey, reply) {
    if (reply.kind === "bug") return;
    if (reply.kind === "degraded" && (reply.cause === "circuit_open" || !reply.wasSent)) return;
    const nowMs = this.#clock.nowMs();
    this.#kept.set(callKey, { reply, endedMs: nowMs }, ({ endedMs }) => nowMs - endedMs >= keptMs);
  }
  #keptReply(callKey) {
    const kept = this.#kept.get(callKey);
    return kept !== void 0 && this.#clock.nowMs() - kept.endedMs < keptMs ? kept.reply : void 0;
  }
  #start(question, take) {
    if (this.#site.circuit.isShut) return answered(notAdmitted);
    const { call, callKey, limitKey, timeoutMs } = question;
    const isKnown = this.#site.ledger.isKnown(limitKey);
    const leaveInFlight = this.#site.inFlight.enter(limitKey, isKnown);
    if (leaveInFlight === void 0) return answered(degraded("overloaded", { wasSent: false }));
    const allowed = this.#allow(limitKey, isKnown);
    if (allowed === void 0) {
      leaveInFlight();
      return answered(degraded("throttled", { wasSent: false, isEvidence: false }));
    }
    const startedMs = this.#clock.nowMs();
    const underWay = { endMs: startedMs + timeoutMs, takers: [], endCharge: void 0 };
    const finish = (reply) => {
      this.#underWay.delete(callKey);
      leaveInFlight();
      this.#end(underWay, question, reply);
    };
    const end = { finish, isAwaited: () => underWay.takers.length > 0 };
    const { keys } = this.#endpoint().ways.calls;
    if (keys === void 0 || this.#site.circuit.state === "open" || keys.take() !== void 0) {
      if (!this.#send(question, allowed, 0, end)) {
        leaveInFlight();
        return answered(notAdmitted);
      }
    } else {
      keys.wait(timeoutMs, (failure2) => {
        if (failure2 !== void 0) finish(classifyReply(failure2, call.channel));
        else if (!this.#send(question, allowed, this.#clock.nowMs() - startedMs, end)) finish(notAdmitted);
      });
    }
    this.#underWay.set(callKey, underWay);
    return this.#join(underWay, question, take);
  }
  /** Sends the call, of whose time so much is over. Returns false, and does nothing, where the circuit says not to. */
  #send(question, allowed, waitedMs, end) {
    const { call, timeoutMs } = question;
    const { clientKey, isKnown } = allowed;
    let giveUp = () => {
    };
    const permit = this.#site.circuit.admit({
      clientKey,
      isKnown,
      timeoutMs: timeoutMs - waitedMs,
      release: () => giveUp()
    });
    if (permit === void 0) return false;
    const endpoint = this.#endpoint();
    const judge = (result) => {
      const given2 = classifyReply(result, call.channel);
      this.#tellCall(endpoint, given2, permit.startedMs);
      const reply = endpoint.judge(given2);
      const report = endpoint.isTrialFailure(given2, allowed) ? "failure" : circuitReport(reply);
      this.#site.callAllowance.settle(allowed, reply);
      giveUp = () => {
      };
      const isHeld = this.#site.circuit.settle(permit, report);
      if (isHeld && end.isAwaited()) giveUp = () => end.finish(reply);
      else end.finish(reply);
    };
    giveUp = endpoint.ways.calls.verify(call, timeoutMs, judge, waitedMs);
    return true;
  }
  /** An open circuit decides by itself, and its reason says more than that Tencent throttled before. */
  #allow(limitKey, isKnown) {
    const { circuit: circuit2, callAllowance } = this.#site;
    return circuit2.state === "open" ? callAllowance.uncounted(limitKey, isKnown) : callAllowance.take(limitKey, isKnown);
  }
  /**
   * Waits for a call; not longer than this caller's own deadline, where the call has another one's, nor than answers usually take
   * while Tencent leaves calls unanswered.
   */
  #join(underWay, question, take) {
    const { limitKey, timeoutMs } = question;
    underWay.endCharge?.(false);
    underWay.endCharge = void 0;
    const caller = new AsyncResource3("TencentCaptchaCall");
    const taker = (reply) => {
      timer?.cancel();
      caller.runInAsyncScope(take, void 0, reply);
    };
    underWay.takers = [...underWay.takers, taker];
    const leave = () => {
      timer?.cancel();
      if (!removeTaker(underWay, taker) || underWay.takers.length > 0) return;
      underWay.endCharge = this.#site.charges.chargeRunning(limitKey);
    };
    const waitMs = this.#site.circuit.callerWaitMs(timeoutMs);
    const isShorter = this.#clock.nowMs() + waitMs < underWay.endMs;
    const stopWaiting = () => this.#stopWaiting(underWay, taker);
    const timer = isShorter ? this.#clock.after(waitMs, () => afterSockets(this.#clock, stopWaiting)) : void 0;
    return { kind: "waiting", leave };
  }
  /** The caller is still there, so nothing is charged; a refusal of the call is, when it comes. */
  #stopWaiting(underWay, taker) {
    if (removeTaker(underWay, taker)) taker(degraded("timeout", { isEvidence: false }));
  }
  #end(underWay, { callKey, limitKey }, reply) {
    const { takers, endCharge } = underWay;
    const isRefused = reply.kind === "refused";
    if (endCharge !== void 0) endCharge(isRefused);
    else if (isRefused) this.#site.charges.charge(limitKey);
    if (takers.length === 0) this.keep(callKey, reply);
    underWay.takers = [];
    for (const taker of takers) taker(reply);
  }
};
function removeTaker(underWay, taker) {
  const left = underWay.takers.filter((other) => other !== taker);
  const isRemoved = left.length < underWay.takers.length;
  underWay.takers = left;
  return isRemoved;
}
var notAdmitted = degraded("circuit_open", { wasSent: false });
function answered(reply) {
  return { kind: "answered", reply };
}

// lib/guard/site-services.ts
var SiteServices = class {
  site;
  late;
  calls;
  endpoints;
  clock;
  #canary;
  #upstreams;
  #announce;
  #apiLog;
  #settings;
  #circuit = { state: "closed", why: void 0 };
  constructor({ captchaAppId, channel: channel2, clock, settings, upstreams, runProbe, announce, history }) {
    this.#settings = settings;
    this.#upstreams = upstreams;
    this.#announce = announce;
    this.clock = clock;
    this.#canary = { captchaAppId, channel: channel2, clock };
    this.endpoints = new Endpoints({
      upstreams,
      clock,
      ask: (upstream, timeoutMs, done) => this.askCanary(upstream, timeoutMs ?? this.#settings.canaryTimeoutMs, done),
      hasAnsweredSince: (timeMs) => this.site.circuit.hasAnsweredSince(timeMs),
      onCanary: (reply) => announce.canary(reply),
      onMove: (move) => {
        announceMove(announce, move);
        this.site.circuit.noteMove();
      }
    });
    const runCanary = (timeoutMs, done) => this.endpoints.runCanary(timeoutMs, done);
    const lateCounts = () => this.late.snapshot();
    this.#apiLog = new OutageLog({ path: "api", announce, clock, late: lateCounts });
    this.site = new Site({
      captchaAppId,
      clock,
      settings,
      history,
      runProbe,
      isOnTrial: () => this.endpoints.inUse.isOnTrial,
      runCanary: upstreams.isCanaryApart ? runCanary : confirmedCanary(runCanary, clock),
      listener: {
        api: this.#apiLog,
        clientPath: new OutageLog({ path: "client", announce, clock }),
        override: (state, why) => {
          announce.override(state, why);
          this.late.resume();
        },
        storeDown: (why) => {
          announce.event("warn", "captcha_store_down", { why });
          announce.state({ kind: "store", state: "down", why });
        },
        storeUp: () => {
          announce.event("info", "captcha_store_up", {});
          announce.state({ kind: "store", state: "up" });
        },
        storeCorrupted: (key2) => announce.event("warn", "captcha_store_corrupted", { key: key2 }),
        circuitChanged: () => {
          if (this.site.circuit.why === "canary_disagrees") this.endpoints.noteUsersFailing();
          this.#tellCircuit();
          this.late.resume();
        }
      }
    });
    this.calls = new TencentCalls(
      this.site,
      () => this.endpoints.inUse,
      clock,
      (endpoint, reply, startedMs) => this.#tellCall("ticket", endpoint.ways.url, reply, startedMs)
    );
    this.late = new LateVerification({
      clock,
      isOn: () => this.#settings.lateVerification,
      isBack: () => this.site.circuit.state === "closed" && this.site.override.mode !== "pass",
      verify: (context, done) => this.#verifyLate(context, done),
      onVerdict: (ticket, lateVerdict) => this.#tellLate(ticket, lateVerdict),
      onDrained: () => this.#apiLog.flush()
    });
  }
  /** Takes new settings, as guards join. */
  configure(settings) {
    this.#settings = settings;
    this.site.configure(settings);
  }
  /** The way of callers' tickets to the endpoint in use. */
  get upstream() {
    return this.endpoints.inUse.ways.calls;
  }
  /** Sends one canary; returns what gives it up. See {@link askCanary}. */
  askCanary(upstream, timeoutMs, done) {
    const startedMs = this.clock.nowMs();
    return askCanary({ ...this.#canary, upstream }, timeoutMs, (reply) => {
      this.#tellCall("canary", this.#urlOf(upstream), reply, startedMs);
      done(reply);
    });
  }
  /** The canary's way to the endpoint in use. */
  get canaryUpstream() {
    return this.endpoints.inUse.ways.canary;
  }
  /** The statuses of this process and the others, for status pages. */
  get fleet() {
    return this.site.fleet;
  }
  /** Where the keys come from and how old they are. */
  credential() {
    return this.#upstreams.credential();
  }
  /** Frees timers and sockets, and writes what still waits to be written. */
  close() {
    this.site.close();
    this.endpoints.close();
    this.late.close();
    this.#upstreams.close();
    this.#apiLog.flush();
  }
  /** Behind live traffic: only while more than half of the room is free, and no client's first call while Tencent throttles. */
  #verifyLate({ call, callKey, addressKey }, done) {
    if (this.calls.follow(callKey, done)) return true;
    const { inFlight, callAllowance } = this.site;
    if (!inFlight.hasRoomToSpare) return false;
    const allowed = callAllowance.take(addressKey, false);
    if (allowed === void 0) return false;
    const { inUse } = this.endpoints;
    const startedMs = this.clock.nowMs();
    inUse.ways.calls.verify(call, this.#settings.canaryTimeoutMs, (result) => {
      const given2 = classifyReply(result, call.channel);
      this.#tellCall("late", inUse.ways.url, given2, startedMs);
      const reply = inUse.judge(given2);
      callAllowance.settle(allowed, reply);
      if (reply.kind === "verified") this.calls.keep(callKey, reply);
      done(reply);
    });
    return true;
  }
  #tellCall(kind, url, reply, startedMs) {
    this.#announce.call({ kind, url, reply, durationMs: this.clock.nowMs() - startedMs });
  }
  /** The circuit also calls where only a canary has ended. */
  #tellCircuit() {
    const { state, why } = this.site.circuit;
    const before = this.#circuit;
    this.#circuit = { state, why };
    if (state === before.state && why === before.why) return;
    this.#announce.state({ kind: "circuit", state, before: before.state, ...why !== void 0 && { why } });
  }
  #urlOf(upstream) {
    const all = [this.#upstreams, ...this.#upstreams.siblings ?? []];
    return all.find(({ canary, scout }) => upstream === canary || upstream === scout)?.url;
  }
  #tellLate({ context }, lateVerdict) {
    if (lateVerdict.outcome === "genuine") this.site.ledger.recordGenuine(context.addressKey);
    context.report({ ...context, lateVerdict });
  }
};
function announceMove(announce, { from, to, why }) {
  announce.event(to.isPreferred ? "info" : "warn", "captcha_endpoint_moved", {
    from: from.ways.url,
    to: to.ways.url,
    why,
    onTrial: to.isOnTrial
  });
  announce.state({ kind: "endpoint", from: from.ways.url, to: to.ways.url, why, onTrial: to.isOnTrial });
}

// lib/guard/join-site.ts
var registryKey = /* @__PURE__ */ Symbol.for("tencent-captcha-guard/sites@1");
function registry() {
  const holder = globalThis;
  holder[registryKey] ??= /* @__PURE__ */ new Set();
  return holder[registryKey];
}
var lookupsKey = /* @__PURE__ */ Symbol.for("tencent-captcha-guard/lookups@1");
function sharedLookups() {
  const holder = globalThis;
  holder[lookupsKey] ??= new LookupQueue();
  return holder[lookupsKey];
}
function joinSite(clock, member2) {
  const sites = registry();
  const key2 = siteKey(member2.config);
  const time = clock === systemClock ? "system" : clock;
  const known = [...sites].find((site2) => site2.time === time && isSameKey(site2.key, key2));
  const merged = mergeSiteOptions([...known?.members ?? [], member2]);
  const id = known?.id ?? randomUUID4().slice(0, 8);
  const site = known ?? { id, key: key2, time, clock, members: /* @__PURE__ */ new Set(), merged, services: void 0 };
  site.members.add(member2);
  site.merged = merged;
  const settings = serviceSettings(site);
  if (site.services === void 0) site.services = startServices(site, settings);
  else site.services.configure(settings);
  sites.add(site);
  const { services } = site;
  return {
    siteId: id,
    services,
    leave() {
      if (!site.members.has(member2)) return;
      if (site.members.size === 1) {
        sites.delete(site);
        services.close();
      }
      site.members.delete(member2);
    }
  };
}
function isSameKey(a, b) {
  return a.captchaAppId === b.captchaAppId && a.upstream === b.upstream;
}
var maxSuspicionMs = 500;
function serviceSettings({ members, merged }) {
  const timeouts = [...members].map(({ config }) => config.timeoutMs);
  return {
    config: merged.circuit,
    expectedPerMinute: merged.expectedPerMinute,
    maxInFlight: merged.maxInFlight,
    store: merged.store,
    lateVerification: merged.lateVerification,
    probe: merged.probe && probesScript(merged),
    suspicionMs: Math.min(maxSuspicionMs, Math.min(...timeouts) / 2),
    // While no call waits, a canary has the most patient guard's deadline: a shorter one would call slow answers an outage.
    canaryTimeoutMs: Math.max(...timeouts)
  };
}
function startServices(site, settings) {
  const { captchaAppId, canaryChannel } = site.merged;
  const { clock } = site;
  const lookups = sharedLookups();
  const context = new AsyncResource4("TencentCaptchaSite");
  const announce = announcer(site);
  return new SiteServices({
    captchaAppId,
    channel: canaryChannel,
    clock,
    settings,
    upstreams: createUpstreams({ ...site.merged, onCredentialFailure: announce.credential }, clock, lookups),
    runProbe(done) {
      const stop = new AbortController();
      const options2 = { clock, lookups, signal: stop.signal };
      context.runInAsyncScope(() => void probeScript(new URL(site.merged.scriptUrl), options2).then(done));
      return () => stop.abort();
    },
    announce
  });
}
function announcer({ id, clock, merged, members }) {
  const channels = new SiteChannels({ captchaAppId: merged.captchaAppId, siteId: id });
  const reporters = () => new Map([...members].map(({ config, reporter }) => [config.logger, reporter])).values();
  const tell = (what) => {
    for (const reporter of reporters()) what(reporter);
  };
  return {
    event: (level, event, fields2) => tell((reporter) => reporter.event(level, event, fields2)),
    state: (change) => channels.state(change),
    call: (call) => channels.call(call),
    override(state, why) {
      tell((reporter) => reporter.override(state, why));
      const { mode, by, leftMs } = state;
      const isTimed = Number.isFinite(leftMs) && why !== "expired";
      channels.override({
        mode: why === "expired" ? "none" : mode,
        by,
        why,
        ...isTimed && { until: new Date(clock.epochMs() + leftMs).toISOString() }
      });
    },
    canary: (reply) => tell((reporter) => reporter.canary(reply)),
    credential(problem2) {
      tell((reporter) => reporter.credential(problem2));
      channels.state({ kind: "credential", problem: problem2 });
    }
  };
}
function usesLoopback({ transport: transport2 }) {
  return transport2.kind === "https" && transport2.endpoints.every(isLoopback);
}
function probesScript(config) {
  return !usesLoopback(config) || isLoopback(new URL(config.scriptUrl));
}
function isLoopback({ hostname }) {
  return /^(localhost|127\..*|\[::1\])$/.test(hostname);
}

// lib/guard/pending-decision.ts
var PendingDecision = class {
  #policy;
  #context;
  #end;
  #steps;
  #callKey;
  /** Made once, where it is needed. */
  #call;
  #leaveCall;
  #isOver = false;
  #isRunning = false;
  /** The answer that was given and not yet taken. */
  #given;
  constructor(policy, context, end) {
    this.#policy = policy;
    this.#context = context;
    this.#end = end;
    this.#callKey = callKeyOf(context);
    const { ticket, address } = context;
    const hasAddress = address !== void 0;
    this.#steps = admit({ ticket, hasAddress, maxFallbackAgeMs: policy.maxFallbackAgeMs });
  }
  start() {
    this.#policy.services.site.clientPath.noteTraffic(this.#context.ticket.kind === "fallback");
    this.#resume(0);
  }
  get isOver() {
    return this.#isOver;
  }
  /** The client went away: the call runs on without it, what was drawn for the request is given back, and neither end is told. */
  abandon() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leaveCall?.();
    this.#context.shared.giveBack();
  }
  /** Takes an answer. One that comes at once goes on in the loop that asked, so that what an end throws reaches its caller. */
  #resume(answer) {
    if (this.#isOver) return;
    this.#given = answer;
    if (this.#isRunning) return;
    this.#isRunning = true;
    const end = this.#run();
    this.#isRunning = false;
    if (end === void 0 || this.#isOver) return;
    this.#isOver = true;
    end();
  }
  /** Goes on as far as there are answers. Returns what ends the decision, where it has come to its end. */
  #run() {
    try {
      while (this.#given !== void 0) {
        const answer = this.#given;
        this.#given = void 0;
        const step = this.#steps.next(answer);
        if (step.done) {
          const decision = step.value;
          this.#note(decision);
          this.#end.report(decision);
          return () => this.#end.decided(decision);
        }
        this.#answer(step.value);
      }
      return void 0;
    } catch (error) {
      return () => this.#failWith(error);
    }
  }
  #fail(error) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failWith(error);
  }
  /** A bug passes no request, and keeps no pass. */
  #failWith(error) {
    this.#context.shared.giveBack();
    this.#end.failed(error);
  }
  #answer(question) {
    const { site, clock } = this.#policy.services;
    const { ticket, ticketKey, limitKey, shared, startedMs } = this.#context;
    switch (question.kind) {
      case "look":
        return this.#resume({
          override: site.override.mode,
          hasPassed: !shared.hasPassed && ticketKey !== void 0 && site.ledger.hasPassed(ticketKey, ticket.kind === "fallback"),
          isRateLimited: this.#needsCall() && site.charges.isLimited(limitKey),
          epochMs: clock.epochMs()
        });
      case "ask_tencent":
        return this.#askTencent();
      case "record_verified":
        return this.#recordVerified();
      case "weigh": {
        const { evidence, evidenceWhy } = site.evidenceFor(ticket.kind);
        return this.#resume({ override: site.override.mode, evidence, evidenceWhy });
      }
      case "apply_rule":
        return this.#resume(this.#applyRule(question.cause, question.evidence));
      case "claim_pass":
        return this.#claimPass(question.purse);
      case "measure_time":
        return this.#resume(Math.round(clock.nowMs() - startedMs));
    }
  }
  /** Whether Tencent would have to be asked anew: no guard has its reply, and no call about the ticket is under way. */
  #needsCall() {
    const { calls } = this.#policy.services;
    return this.#context.shared.reply === void 0 && !(this.#callKey && calls.knows(this.#callKey));
  }
  #callToMake() {
    this.#call ??= callOf2(this.#context);
    return this.#call;
  }
  #askTencent() {
    const { services, timeoutMs } = this.#policy;
    const { shared, limitKey } = this.#context;
    if (shared.reply !== void 0) return this.#resume(shared.reply);
    const call = this.#callToMake();
    const callKey = this.#callKey;
    if (call === void 0 || callKey === void 0) throw new TypeError("only an ordinary ticket can be asked about");
    shared.dropLate?.();
    shared.dropLate = void 0;
    const asked = services.calls.ask({ call, callKey, limitKey, timeoutMs }, (reply) => {
      this.#leaveCall = void 0;
      this.#takeReply(reply);
    });
    if (asked.kind === "answered") return this.#takeReply(asked.reply);
    this.#leaveCall = asked.leave;
  }
  #takeReply(reply) {
    if (reply.kind !== "bug" && !(reply.kind === "degraded" && !reply.wasSent)) this.#context.shared.reply = reply;
    this.#resume(reply);
  }
  #recordVerified() {
    const { ticketKey, addressKey, limitKey, shared } = this.#context;
    const { site, calls } = this.#policy.services;
    shared.wasKnown ??= site.ledger.isKnown(limitKey);
    const record = site.recordVerified(ticketKey, addressKey, () => !this.#isOver);
    const finish = (isFirst) => {
      if (this.#isOver && isFirst) return calls.keep(this.#callKey, shared.reply);
      if (isFirst) shared.hasPassed = true;
      this.#resume({ isFirst: shared.hasPassed });
    };
    this.#whenKnown(record, finish);
  }
  #applyRule(cause, evidence) {
    const rule2 = this.#policy.rules[cause];
    if (rule2 === void 0) return { action: causeTable[cause].rule, from: "default" };
    if (typeof rule2 !== "function") return { action: rule2, from: "option" };
    const { ticket, clientKey, req } = this.#context;
    const request = req;
    const ticketKind = ticket.kind === "malformed" ? "missing" : ticket.kind;
    const clientErrorCode = ticket.kind === "fallback" ? { clientErrorCode: ticket.clientErrorCode } : {};
    const situation = Object.freeze({ cause, evidence, ...clientErrorCode, ticketKind, clientKey, request });
    const action2 = callOption(`degradation.rules.${cause}`, rule2, situation);
    if (action2 === "pass" || action2 === "refuse") return { action: action2, from: "function" };
    throw new TypeError(
      `tencent-captcha-guard: the rule for \`${cause}\` returned ${String(action2)}; it must return 'pass' or 'refuse'.`
    );
  }
  /** A second guard with the same setting reuses what the first one drew: one request, one pass. */
  #claimPass(purse2) {
    const { shared, ticket, ticketKey, addressKey, limitKey } = this.#context;
    const setting = this.#policy.purses[purse2];
    const drawn = shared.resultOf(purse2, setting, limitKey);
    if (drawn !== void 0) return this.#resume(drawn);
    const isParentDrawn = shared.hasDrawn(purse2);
    const claim = this.#policy.services.site.ledger.claimPass({
      purse: purse2,
      setting,
      clientKey: limitKey,
      addressKey,
      ticketKey: shared.hasPassed ? void 0 : ticketKey,
      isFallback: ticket.kind === "fallback",
      isParentDrawn
    });
    this.#whenKnown(claim, (result) => {
      if (this.#isOver) return result.kind === "granted" ? result.giveBack() : void 0;
      shared.note({ purse: purse2, setting, limitKey, result });
      if (result.kind === "granted") shared.hasPassed = true;
      this.#resume(result);
    });
  }
  /** Goes on at once where the answer is known; a promise is waited for. */
  #whenKnown(value, finish) {
    if (!(value instanceof Promise)) return finish(value);
    value.then(finish).catch((error) => this.#fail(error));
  }
  /** Counts the decision; a real ticket behind a degraded pass is verified when Tencent is back. */
  #note({ verdict, trace }) {
    const { site, late, clock } = this.#policy.services;
    site.noteVerdict(verdict);
    if (!(verdict.passed && verdict.degraded)) return;
    const { shared, addressKey, clientKey, ticketHash } = this.#context;
    const call = this.#callToMake();
    const callKey = this.#callKey;
    if (call === void 0 || callKey === void 0 || shared.dropLate) return;
    const { reportLate } = this.#policy;
    const { purse: purse2 } = trace;
    shared.dropLate = late.add({
      context: {
        ...{ call, callKey, verdict, purse: purse2, addressKey, clientKey, ticketHash },
        ...{ at: clock.epochMs(), report: reportLate }
      },
      passedMs: clock.nowMs(),
      mayBeSpent: shared.reply !== void 0 && mayHaveSpent(shared.reply)
    });
  }
};
function callOf2({ ticket, address, channel: channel2, risk }) {
  if (ticket.kind !== "ordinary" || address === void 0) return void 0;
  return {
    channel: channel2,
    ticket: ownText(ticket.ticket),
    randstr: ownText(ticket.randstr),
    userIp: address.ip,
    ...risk && { risk: structuredClone(risk) }
  };
}
function ownText(text3) {
  return JSON.parse(JSON.stringify(text3));
}
function callKeyOf({ ticket, channel: channel2, ticketKey }) {
  return ticket.kind === "ordinary" ? `${channel2} ${ticketKey} ${ticket.randstr}` : void 0;
}

// lib/guard/request-context.ts
import * as crypto from "node:crypto";

// lib/options/risk-context.ts
var longestText = 64;
var isId = (value) => Number.isSafeInteger(value) && value >= 0;
var isText = (value) => typeof value === "string" && value.length <= longestText;
var fields = {
  businessId: [isId, "a non-negative integer"],
  sceneId: [isId, "a non-negative integer"],
  macAddress: [isText, `a string of at most ${longestText} characters`],
  imei: [isText, `a string of at most ${longestText} characters`],
  needGetCaptchaTime: [(value) => typeof value === "boolean", "true or false"]
};
function checkRiskContext(given2) {
  if (given2 === void 0 || given2 === null) return void 0;
  if (typeof given2 !== "object") throw wrong("", "an object");
  const entries = Object.entries(given2).filter(([, value]) => value !== void 0);
  for (const [name, value] of entries) {
    const field = Object.hasOwn(fields, name) ? fields[name] : void 0;
    if (field === void 0) throw wrong(`.${name}`, `absent: there are ${Object.keys(fields).join(", ")}`);
    if (!field[0](value)) throw wrong(`.${name}`, field[1]);
  }
  return entries.length > 0 ? Object.fromEntries(entries) : void 0;
}
function wrong(name, expected) {
  return new TypeError(`tencent-captcha-guard: \`riskContext${name}\` must be ${expected}.`);
}

// lib/guard/shared-request.ts
var SharedRequest = class {
  /** Tencent's reply, where a guard has one. */
  reply;
  /** A guard let this very request pass: its ticket is in the replay memory because of that. */
  hasPassed = false;
  /** Whether the client had history before this ticket was recorded as verified; absent where it was not. */
  wasKnown;
  /** The ticket waits for its late verdict; calls that off. */
  dropLate;
  /** What became of the claims: one with most requests that are degraded, none with all others. */
  #claims = [];
  /** Notes what became of a claim. */
  note(claim) {
    this.#claims = [...this.#claims, claim];
  }
  /** What was drawn on a purse's setting before; or what was refused, for a guard that knows the client by another key may still have room. */
  resultOf(purse2, setting, limitKey) {
    return this.#claims.find(
      (claim) => claim.purse === purse2 && claim.setting === setting && (claim.result.kind === "granted" || claim.limitKey === limitKey)
    )?.result;
  }
  /** Whether this request has drawn on a purse of this name, by whichever setting. */
  hasDrawn(purse2) {
    return this.#claims.some((claim) => claim.purse === purse2 && claim.result.kind === "granted");
  }
  /** Undoes what was drawn for this request. */
  giveBack() {
    for (const { result } of this.#claims) {
      if (result.kind !== "granted") continue;
      result.giveBack();
      this.hasPassed = false;
    }
    this.#claims = [];
    this.dropLate?.();
    this.dropLate = void 0;
  }
};
var notesKey = /* @__PURE__ */ Symbol.for("tencent-captcha-guard/requests@2");
function carrierOf(req) {
  return req.rawHeaders ?? req;
}
function sharedRequest(req, owner) {
  const carrier = carrierOf(req);
  const notes = carrier[notesKey];
  const known = notes?.find((note2) => isSame3(owner, note2.owner));
  if (known) return known.shared;
  const note = { owner, shared: new SharedRequest() };
  if (notes) notes.push(note);
  else carrier[notesKey] = [note];
  return note.shared;
}
function giveBackPasses(req) {
  for (const { shared } of carrierOf(req)[notesKey] ?? []) shared.giveBack();
}
function isSame3(a, b) {
  return a.site === b.site && a.channel === b.channel && a.ticket === b.ticket && a.randstr === b.randstr;
}

// lib/guard/request-context.ts
var ContextReader = class {
  #config;
  #classifyTicket;
  #clock;
  #site;
  constructor(config, classifyTicket2, clock, site) {
    this.#config = config;
    this.#classifyTicket = classifyTicket2;
    this.#clock = clock;
    this.#site = site;
  }
  /** Reads a request by the functions of the options. Throws what they throw, and a `TypeError` on what they must not return. */
  read(req) {
    const { channel: channel2, readToken: readToken2, userIp, clientKey, knownAs, riskContext } = this.#config;
    return this.make({
      req,
      channel: callOption("channel", channel2, req),
      token: callOption("readToken", readToken2, req),
      userIp: callOption("userIp", userIp, req),
      clientKey: clientKey && callOption("clientKey", clientKey, req),
      knownAs: knownAs && callOption("knownAs", knownAs, req),
      risk: riskContext && callOption("riskContext", riskContext, req)
    });
  }
  /** Throws a `TypeError` on a channel, client key, identity or risk context of the wrong type. */
  make({ req, channel: channel2, token, userIp, clientKey, knownAs, risk }) {
    if (channel2 !== "web" && channel2 !== "mini_program") {
      throw wrongValue("channel", channel2, "'web' or 'mini_program'");
    }
    const startedMs = this.#clock.nowMs();
    const ticket = this.#classifyTicket(token ?? {}, channel2);
    const address = parseClientAddress(userIp);
    const ownKey = applicationKey(clientKey);
    const addressKey = ownKey === void 0 ? address?.key ?? "" : `key:${ownKey}`;
    const identity = applicationIdentity(knownAs);
    const digest = ticketDigest(ticket, addressKey);
    const { ticket: text3 = "", randstr = "" } = "ticket" in ticket ? ticket : {};
    return {
      req,
      channel: channel2,
      ticket,
      address,
      clientKey: ownKey ?? addressKey,
      addressKey,
      limitKey: identity === void 0 ? addressKey : vouchedKey(identity),
      ticketKey: digest?.slice(0, 32),
      ticketHash: digest && (ticket.kind === "ordinary" ? digest : sha2562(text3)).slice(0, 12),
      shared: req ? sharedRequest(req, { site: this.#site, channel: channel2, ticket: text3, randstr }) : new SharedRequest(),
      risk: checkRiskContext(risk),
      startedMs
    };
  }
};
var maxClientKeyLength = 128;
function applicationKey(given2) {
  if (given2 === void 0 || given2 === null || given2 === "") return void 0;
  if (typeof given2 !== "string" && typeof given2 !== "number")
    throw wrongValue("clientKey", given2, "a string or a number");
  const key2 = String(given2);
  return key2.length > maxClientKeyLength ? sha2562(key2) : key2;
}
var maxIdentityLength = 120;
function applicationIdentity(given2) {
  if (given2 === void 0 || given2 === null || given2 === "") return void 0;
  if (typeof given2 !== "string") throw wrongValue("knownAs", given2, "a string, or undefined");
  return given2.length > maxIdentityLength ? sha2562(given2) : given2;
}
function wrongValue(name, value, expected) {
  const shown2 = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : typeof value;
  return new TypeError(`tencent-captcha-guard: \`${name}\` is ${shown2}; it must be ${expected}.`);
}
function ticketDigest(ticket, addressKey) {
  switch (ticket.kind) {
    case "missing":
    case "malformed":
      return void 0;
    case "ordinary":
      return sha2562(ticket.ticket);
    case "fallback": {
      const { clientErrorCode, issuedAtSeconds, sid, randstr } = ticket;
      return sha2562(` ${JSON.stringify([clientErrorCode, issuedAtSeconds, sid, randstr || addressKey])}`);
    }
  }
}
var sha2562 = typeof crypto.hash === "function" ? (text3) => crypto.hash("sha256", text3) : (text3) => crypto.createHash("sha256").update(text3).digest("hex");

// lib/guard/traced-decision.ts
import { AsyncResource as AsyncResource5 } from "node:async_hooks";
var TracedDecision = class {
  #pending;
  #trace;
  constructor(trace, policy, context, end) {
    const caller = new AsyncResource5("TencentCaptchaVerify");
    this.#trace = trace;
    this.#pending = new PendingDecision(policy, context, {
      report: (decision) => end.report(decision),
      decided(decision) {
        trace.finish({ result: decision.verdict });
        caller.runInAsyncScope(end.decided, end, decision);
      },
      failed(error) {
        trace.finish({ error });
        caller.runInAsyncScope(end.failed, end, error);
      }
    });
  }
  get isOver() {
    return this.#pending.isOver;
  }
  start() {
    this.#trace.run(() => this.#pending.start());
  }
  abandon() {
    if (this.isOver) return;
    this.#pending.abandon();
    this.#trace.finish({ abandoned: true });
  }
};

// lib/guard/guard-parts.ts
var GuardParts = class {
  config;
  reporter;
  proxyHints;
  contexts;
  services;
  policy;
  purses;
  /** Tells the guard and its site from others of the process. */
  ids;
  #channels;
  #membership;
  constructor(config, clock, madeAt) {
    const { timeoutMs, degradation } = config;
    this.config = config;
    this.reporter = new Reporter(config, clock);
    this.proxyHints = new ProxyHints(this.reporter, usesLoopback(config));
    this.#membership = joinSite(clock, { label: madeAt, config, reporter: this.reporter });
    this.services = this.#membership.services;
    const { site } = this.services;
    const { captchaAppId } = config;
    this.ids = { captchaAppId, siteId: this.#membership.siteId, guardId: randomUUID5().slice(0, 8) };
    this.#channels = new GuardChannels(this.ids);
    this.contexts = new ContextReader(config, ticketClassifier(config.captchaAppId), clock, site);
    this.purses = site.ledger.openPurses(degradation);
    site.ledger.holdFallbackFor(degradation.fallback.maxAgeMs);
    this.policy = {
      services: this.services,
      purses: this.purses,
      timeoutMs,
      maxFallbackAgeMs: degradation.fallback.maxAgeMs,
      rules: degradation.rules,
      reportLate: (late) => this.#reportLate(late)
    };
  }
  /** A decision about one request; traced where there are subscribers. */
  decision(context, end) {
    return this.#channels.isTraced ? new TracedDecision(this.#channels.trace(context.channel), this.policy, context, end) : new PendingDecision(this.policy, context, end);
  }
  /** Counts, logs and publishes a decision. */
  report(decision, context) {
    const { verdict } = decision;
    const { req, channel: channel2 } = context;
    const trace = () => this.#lineTrace(decision, context);
    this.reporter.verdict(req, verdict, trace);
    this.#channels.verdict(() => ({
      verdict,
      channel: channel2,
      known: this.#isKnown(context),
      fields: () => decisionFields(decisionEvent(verdict), this.ids.captchaAppId, verdict, trace())
    }));
    const { onVerdict } = this.config;
    if (onVerdict) callHook(() => onVerdict(verdict, req));
  }
  /** Before this decision: a verified ticket has made the client known. */
  #isKnown({ shared, limitKey }) {
    return shared.wasKnown ?? this.services.site.ledger.isKnown(limitKey);
  }
  #lineTrace({ trace }, context) {
    const { ticketHash, address } = context;
    return {
      ...trace,
      guardId: this.ids.guardId,
      ticketHash,
      userIp: this.#shownIp(address),
      clientKnown: this.#isKnown(context),
      circuit: this.services.site.circuit.state
    };
  }
  #shownIp(address) {
    switch (this.config.logUserIp) {
      case "full":
        return address?.ip;
      case "masked":
        return address?.masked;
      case false:
        return void 0;
    }
  }
  #reportLate({ call, verdict, lateVerdict, purse: purse2, clientKey, ticketHash, at }) {
    const passedAt = new Date(at).toISOString();
    const userIp = this.#shownIp(parseClientAddress(call.userIp));
    const { captchaAppId, guardId } = this.ids;
    const fields2 = () => lateFields(captchaAppId, verdict, lateVerdict, { guardId, ticketHash, userIp, purse: purse2, passedAt });
    this.reporter.late(lateVerdict, fields2());
    this.#channels.lateVerdict(() => ({ channel: call.channel, verdict, lateVerdict, passedAt, purse: purse2, fields: fields2 }));
    callHook(() => this.config.onLateVerdict?.({ verdict, lateVerdict, clientKey, at }));
  }
  leave() {
    this.#membership.leave();
  }
};

// lib/options/override-options.ts
var maxForMs = 864e5;
function parseOverride(mode, options2) {
  if (mode !== "pass" && mode !== "verify_only" && mode !== "none") {
    throw new CaptchaConfigError(
      "override",
      `override mode is ${JSON.stringify(mode)}; it must be 'pass', 'verify_only' or 'none'.`
    );
  }
  checkOptions(options2);
  const { forMs, by } = options2;
  if (by !== void 0 && typeof by !== "string") {
    throw new CaptchaConfigError("by", "override `by` must be a string: who set it.");
  }
  if (mode === "none") return { ...overrideOff, by: by ?? "" };
  if (forMs === void 0 && mode === "pass") {
    throw new CaptchaConfigError(
      "forMs",
      "override('pass') needs `forMs`, the milliseconds it lasts: an open door must close by itself."
    );
  }
  if (forMs !== void 0 && !(Number.isInteger(forMs) && forMs >= 1 && forMs <= maxForMs)) {
    throw new CaptchaConfigError(
      "forMs",
      `override \`forMs\` is ${String(forMs)}; it must be an integer from 1 to ${maxForMs}.`
    );
  }
  return { mode, by: by ?? "", leftMs: forMs ?? Number.POSITIVE_INFINITY };
}
function checkOptions(options2) {
  if (typeof options2 !== "object" || options2 === null) {
    throw new CaptchaConfigError("override", "override options must be an object: { forMs, by }.");
  }
  const unknown = Object.keys(options2).find((name) => name !== "forMs" && name !== "by");
  if (unknown !== void 0) {
    throw new CaptchaConfigError(unknown, `unknown override option \`${unknown}\`; known are \`forMs\` and \`by\`.`);
  }
}

// lib/guard/operations.ts
function operations(parts) {
  const { config, services } = parts;
  return {
    snapshot: () => snapshot(parts),
    override: (mode, options2 = {}) => services.site.setOverride(parseOverride(mode, options2)),
    checkHealth: () => checkHealth(parts),
    close: async () => parts.leave(),
    page: Object.freeze({
      captchaAppId: config.captchaAppId,
      site: config.site,
      scriptUrl: config.degradation.fallback.scriptUrl
    })
  };
}
function checkHealth({ config, services }) {
  const { clock, canaryUpstream } = services;
  const startedMs = clock.nowMs();
  return new Promise((resolve2, reject) => {
    const hold = setTimeout(() => {
    }, 2 * config.timeoutMs + 1e3);
    services.askCanary(canaryUpstream, config.timeoutMs, (reply) => {
      clearTimeout(hold);
      try {
        resolve2(healthReport(reply, Math.round(clock.nowMs() - startedMs)));
      } catch (error) {
        reject(error);
      }
    });
  });
}
function snapshot(parts) {
  const { config, reporter, services, ids } = parts;
  const { site, late } = services;
  site.refresh();
  return {
    ...ids,
    mode: config.mode,
    override: site.override.snapshot(),
    api: site.apiWatch.snapshot(),
    clientPath: site.clientPathWatch.snapshot(),
    circuit: site.circuit.snapshot(),
    endpoints: services.endpoints.snapshot(),
    credential: services.credential(),
    purses: purseStates(parts),
    baselinePerMinute: site.baselinePerMinute ?? null,
    referencePerMinute: site.referencePerMinute ?? null,
    counters: { ...reporter.counters },
    late: late.snapshot(),
    store: site.storeState,
    inFlight: site.inFlight.total
  };
}
function purseStates({ config, purses, services: { site } }) {
  const { outage, doubt } = site.ledger.snapshot(purses);
  const { degradation } = config;
  return {
    outage: { ...outage, basis: site.purseBasis(degradation.outage.total) },
    doubt: { ...doubt, basis: site.purseBasis(degradation.doubt.total) }
  };
}

// lib/guard/problem.ts
function retryAfterSeconds() {
  return 20 + Math.floor(21 * Math.random());
}
var titles = {
  captcha_required: "A CAPTCHA is required",
  captcha_invalid: "The CAPTCHA was not accepted",
  captcha_expired: "The CAPTCHA has expired or was used before",
  captcha_unavailable: "The CAPTCHA cannot be checked right now"
};
function problem(status, code, retryAfter) {
  return Object.freeze({
    status,
    // Not frozen: frameworks add to the headers that they are given.
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...retryAfter && { "Retry-After": String(retryAfterSeconds()) }
    },
    body: JSON.stringify({ type: `urn:tencent-captcha-guard:${code}`, title: titles[code], status, code })
  });
}
function refusalProblem(reason) {
  const { status, code, retryAfter } = refusalTable[reason];
  return problem(status, code, retryAfter);
}

// lib/guard/respond.ts
function respond(res, problem2) {
  if (res.headersSent) return;
  res.statusCode = problem2.status;
  for (const [name, value] of Object.entries(problem2.headers)) res.setHeader(name, value);
  res.end(problem2.body);
}

// lib/captcha-guard.ts
function captchaGuard(options2) {
  return createGuard(parseOptions(options2), systemClock, placeOfCall(captchaGuard));
}
function createGuard(config, clock, madeAt = placeOfCall(createGuard)) {
  const parts = new GuardParts(config, clock, madeAt);
  function captchaGuardMiddleware(req, res, next) {
    let isSkipped;
    try {
      isSkipped = isPreflight(req) || (config.skip?.(req) ?? false);
    } catch (error) {
      return next(error);
    }
    if (isThenable(isSkipped)) {
      isSkipped.then(
        (skipped) => skipped ? next() : guardRequest(parts, req, res, next),
        (error) => next(error)
      );
    } else if (isSkipped) next();
    else guardRequest(parts, req, res, next);
  }
  const middleware = captchaGuardMiddleware;
  Object.assign(middleware, operations(parts), { check: checker(parts) });
  return withFleet(middleware, parts.services.fleet);
}
function isPreflight({ method, headers }) {
  return method === "OPTIONS" && headers.origin !== void 0 && "access-control-request-method" in headers;
}
function guardRequest(parts, req, res, next) {
  let context;
  try {
    context = parts.contexts.read(req);
    parts.proxyHints.look(req, context.address);
  } catch (error) {
    return next(error);
  }
  if ((res.closed || res.destroyed) && !res.writableEnded) return;
  const end = new RequestEnd(parts, context, req, res, next);
  const pending = parts.decision(context, end);
  pending.start();
  if (!pending.isOver) end.watchClient(pending);
}
var RequestEnd = class {
  #parts;
  #context;
  #req;
  #res;
  #next;
  #pending;
  constructor(parts, context, req, res, next) {
    this.#parts = parts;
    this.#context = context;
    this.#req = req;
    this.#res = res;
    this.#next = next;
  }
  /**
   * Seen on the response: the request's own `close` has already fired once a body parser has read it. The listener stays when the
   * decision is over, and does nothing: taking it off would turn the response's table of listeners into a slow one.
   */
  watchClient(pending) {
    this.#pending = pending;
    this.#res.on("close", () => {
      if (!this.#res.writableEnded) this.#pending?.abandon();
    });
  }
  report(decision) {
    ;
    this.#req.captcha = decision.verdict;
    this.#parts.report(decision, this.#context);
  }
  decided({ verdict }) {
    this.#pending = void 0;
    const { config } = this.#parts;
    const next = this.#next;
    if (verdict.passed || config.mode === "observe") next();
    else refuse(config, this.#req, this.#res, next, verdict);
  }
  failed(error) {
    this.#pending = void 0;
    const next = this.#next;
    next(error);
  }
};
function refuse({ onRefused }, req, res, next, verdict) {
  giveBackPasses(req);
  const nextOnce = callableOnce(next);
  try {
    if (onRefused === void 0) return respond(res, refusalProblem(verdict.reason));
    const result = onRefused(req, res, nextOnce, verdict);
    if (isThenable(result)) Promise.resolve(result).catch(nextOnce);
  } catch (error) {
    nextOnce(error);
  }
}
function callableOnce(next) {
  let isCalled = false;
  return (error) => {
    if (isCalled) return;
    isCalled = true;
    if (error === void 0) next();
    else next(error);
  };
}
function placeOfCall(below) {
  const holder = {};
  Error.captureStackTrace(holder, below);
  const [, frame = ""] = holder.stack?.split("\n") ?? [];
  return frame.trim().replace(/^at /, "");
}

// lib/options/credential-options.ts
import * as v2 from "valibot";

// lib/tencent/credentials/fetch-text.ts
import http2 from "node:http";
import https2 from "node:https";
var maxBodyBytes3 = 64 * 1024;
function fetchText({ source: source3, url, signal, headers = {}, body }) {
  return new Promise((resolve2, reject) => {
    const { request } = url.protocol === "https:" ? https2 : http2;
    const method = body === void 0 ? "GET" : "POST";
    const length = body === void 0 ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const fail = (problem2) => {
      call.destroy();
      reject(new CredentialError(`${source3} ${problem2}`));
    };
    const onError = (error) => {
      fail(signal.aborted ? "did not answer in time" : `is unreachable (${error.code ?? error.name})`);
    };
    const options2 = { method, signal, agent: false, headers: { ...headers, ...length } };
    const call = request(url, options2, (response) => {
      if (response.statusCode !== 200) return fail(`answered HTTP ${response.statusCode}`);
      const chunks = [];
      let bytes = 0;
      response.on("data", (chunk) => {
        bytes += chunk.length;
        if (bytes > maxBodyBytes3) return fail(`answered more than ${maxBodyBytes3} bytes`);
        chunks.push(chunk);
      });
      response.on("end", () => resolve2(Buffer.concat(chunks).toString("utf8")));
      response.on("error", onError);
    });
    call.on("error", onError);
    call.end(body);
  });
}

// lib/tencent/credentials/temporary-keys.ts
function parseJsonObject(source3, text3) {
  try {
    const value = JSON.parse(text3);
    if (isObject3(value)) return value;
  } catch {
  }
  throw new CredentialError(`${source3} answered no JSON object`);
}
function readTemporaryKeys(source3, keys, expiredTime) {
  const { TmpSecretId, TmpSecretKey, Token } = isObject3(keys) ? keys : {};
  if (!isText2(TmpSecretId) || !isText2(TmpSecretKey) || !isText2(Token)) {
    throw new CredentialError(`${source3} answered without keys`);
  }
  if (typeof expiredTime !== "number") throw new CredentialError(`${source3} answered keys without ExpiredTime`);
  return { secretId: TmpSecretId, secretKey: TmpSecretKey, token: Token, expiresAtMs: expiredTime * 1e3 };
}
function isText2(value) {
  return typeof value === "string" && value !== "";
}
function isObject3(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// lib/tencent/credentials/with-signal.ts
async function withSignal(timeoutMs, run) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs).unref();
  try {
    return await run(stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

// lib/tencent/credentials/cvm-metadata.ts
var cvmMetadataUrl = "http://metadata.tencentyun.com/latest/meta-data/";
var roleNamePattern = /^[\w+=,.@-]{1,128}$/;
var source = "the metadata service";
function fetchRoleKeys({ metadataUrl, role, timeoutMs }) {
  const roles = new URL("cam/security-credentials/", metadataUrl);
  return withSignal(timeoutMs, async (signal) => {
    const name = role ?? await findRole(roles, signal);
    const text3 = await fetchText({ source, url: new URL(encodeURIComponent(name), roles), signal });
    const reply = parseJsonObject(source, text3);
    if (reply.Code !== "Success") throw new CredentialError(`${source} has no keys for the role`);
    return readTemporaryKeys(source, reply, reply.ExpiredTime);
  });
}
async function findRole(url, signal) {
  const [name = ""] = (await fetchText({ source, url, signal })).trim().split(/\s/, 1);
  if (roleNamePattern.test(name)) return name;
  throw new CredentialError(`${source} names no role; is one bound to this instance?`);
}

// lib/tencent/credentials/web-identity.ts
import { readFile } from "node:fs/promises";
var stsEndpoint = "https://sts.tencentcloudapi.com";
var source2 = "STS";
var action = "AssumeRoleWithWebIdentity";
var version = "2018-08-13";
async function assumeRoleWithWebIdentity(identity) {
  const { endpoint, region, providerId, roleArn, tokenFile, sessionName, durationSeconds, timeoutMs } = identity;
  const parameters = {
    ProviderId: providerId,
    // Read anew each time: the cluster replaces the token, usually every hour.
    WebIdentityToken: await readToken(tokenFile),
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    DurationSeconds: durationSeconds
  };
  const headers = {
    "Content-Type": "application/json",
    Authorization: "SKIP",
    "X-TC-Action": action,
    "X-TC-Version": version,
    "X-TC-Region": region,
    "X-TC-Timestamp": String(Math.floor(Date.now() / 1e3))
  };
  const body = JSON.stringify(parameters);
  const text3 = await withSignal(timeoutMs, (signal) => fetchText({ source: source2, url: endpoint, signal, headers, body }));
  const { Response } = parseJsonObject(source2, text3);
  if (Response?.Error) throw new CredentialError(`${source2} answered ${errorCodeOf(Response.Error)}`);
  return readTemporaryKeys(source2, Response?.Credentials, Response?.ExpiredTime);
}
async function readToken(path) {
  let token;
  try {
    token = (await readFile(path, "utf8")).trim();
  } catch (error) {
    const { code } = error;
    throw new CredentialError(`the file of the identity token cannot be read (${code})`);
  }
  if (token === "") throw new CredentialError("the file of the identity token is empty");
  return token;
}
function errorCodeOf({ Code }) {
  return typeof Code === "string" && /^[A-Za-z]+(\.[A-Za-z]+)*$/.test(Code) && Code.length <= 100 ? Code : "an error";
}

// lib/options/credential-options.ts
var roleMessage = "the name of a CAM role: 1 to 128 of letters, digits and _+=,.@-";
var sessionMessage = "2 to 128 of letters, digits and _+=,.@-";
var cvmSchema = objectOf({
  role: v2.optional(v2.pipe(v2.string(roleMessage), v2.regex(roleNamePattern, roleMessage))),
  metadataUrl: v2.optional(httpUrl, cvmMetadataUrl),
  timeoutMs: v2.optional(durationMs(), 3e3)
});
var tkeSchema = objectOf({
  region: v2.optional(text),
  providerId: v2.optional(text),
  roleArn: v2.optional(text),
  tokenFile: v2.optional(text),
  sessionName: v2.optional(
    v2.pipe(v2.string(sessionMessage), v2.regex(/^[\w+=,.@-]{2,128}$/, sessionMessage)),
    "tencent-captcha-guard"
  ),
  durationSeconds: v2.optional(integer(60, 43200, "an integer from 60 to 43200"), 7200),
  endpoint: v2.optional(httpUrl, stsEndpoint),
  timeoutMs: v2.optional(durationMs(), 3e3)
});
function parseCvmOptions(options2) {
  const { role, metadataUrl, timeoutMs } = parse("cvmRoleCredential", cvmSchema, options2);
  return { role, metadataUrl: new URL(metadataUrl.replace(/\/*$/, "/")), timeoutMs };
}
function parseTkeOptions(options2) {
  const { endpoint, ...given2 } = parse("tkeOidcCredential", tkeSchema, options2);
  const fromEnvironment = (option) => given2[option] ?? readVariable(option);
  return {
    ...given2,
    region: fromEnvironment("region"),
    providerId: fromEnvironment("providerId"),
    roleArn: fromEnvironment("roleArn"),
    tokenFile: fromEnvironment("tokenFile"),
    endpoint: new URL(endpoint)
  };
}
var variables = {
  region: "TKE_REGION",
  providerId: "TKE_PROVIDER_ID",
  roleArn: "TKE_ROLE_ARN",
  tokenFile: "TKE_WEB_IDENTITY_TOKEN_FILE"
};
function readVariable(option) {
  const name = variables[option];
  const value = process.env[name]?.trim();
  if (value) return value;
  throw new CaptchaConfigError(
    option,
    `tkeOidcCredential: option \`${option}\` is missing, and the environment variable ${name} is not set. Does the pod's service account carry a role?`
  );
}
function parse(name, schema2, options2) {
  if (typeof options2 !== "object" || options2 === null || Array.isArray(options2)) {
    throw new CaptchaConfigError("options", `${name}: the options must be an object, not ${kindOf(options2)}.`);
  }
  const result = v2.safeParse(schema2, options2);
  if (result.success) return result.output;
  const { option, message } = optionError(result.issues[0], schema2.entries, options2);
  throw new CaptchaConfigError(option, message.replace(/^tencent-captcha-guard/, name));
}

// lib/cvm-role-credential.ts
function cvmRoleCredential(options2 = {}) {
  const metadata = parseCvmOptions(options2);
  return { getCredential: () => fetchRoleKeys(metadata) };
}

// lib/tke-oidc-credential.ts
function tkeOidcCredential(options2 = {}) {
  const identity = parseTkeOptions(options2);
  return { getCredential: () => assumeRoleWithWebIdentity(identity) };
}

// lib/store/redis/key-names.ts
import { createHash as createHash4 } from "node:crypto";
var singleKinds = /* @__PURE__ */ new Set(["processes", "statuses", "baseline", "reference", "override"]);
function keyNames(keyPrefix, captchaAppId) {
  const site = `${keyPrefix}{${captchaAppId}}`;
  return {
    history: (clientKey) => `${site}:history:${bounded(clientKey)}`,
    // The name of a purse has no slash, so that no two pairs have one key.
    passes: (purse2, clientKey) => `${site}:passes:${purse2}/${bounded(clientKey)}`,
    ticket: (ticketKey) => `${site}:ticket:${bounded(ticketKey)}`,
    processes: `${site}:processes`,
    statuses: `${site}:statuses`,
    baseline: `${site}:baseline`,
    reference: `${site}:reference`,
    override: `${site}:override`,
    pattern: (kind) => singleKinds.has(kind) ? `${site}:${kind}` : `${site}:${kind}:*`
  };
}
var shortAndPlain = /^[\w.:/-]{1,64}$/;
function bounded(name) {
  return shortAndPlain.test(name) ? name : `#${createHash4("sha256").update(name).digest("base64url").slice(0, 32)}`;
}

// lib/store/redis/redis-client.ts
function scriptRunner(client) {
  const send = senderOf(client);
  return {
    async run(script, call) {
      try {
        return await promised(send("sha1", script, call));
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return await promised(send("source", script, call));
      }
    }
  };
}
function senderOf(client) {
  if (isInLegacyMode(client)) {
    throw new CaptchaConfigError("client", "redisStore() got a client in `legacyMode`; give it `client.v4` instead.");
  }
  if (isNodeRedis(client)) return nodeRedisSender(client);
  if (isIoredis(client)) return ioredisSender(client);
  throw new CaptchaConfigError(
    "client",
    `redisStore() got ${describe(client)}; it must be a client of the \`redis\` package (v4 or later) or of \`ioredis\` (v5 or later).`
  );
}
function nodeRedisSender(client) {
  return (how, script, { keys, args }) => {
    const options2 = { keys: [...keys], arguments: [...args] };
    return how === "sha1" ? client.evalSha(script.sha1, options2) : client.eval(script.source, options2);
  };
}
function ioredisSender(client) {
  return (how, script, { keys, args }) => how === "sha1" ? client.evalsha(script.sha1, keys.length, ...keys, ...args) : client.eval(script.source, keys.length, ...keys, ...args);
}
function promised(result) {
  if (hasMethods(result, "then")) return result;
  return Promise.reject(new TypeError("the Redis client returns no promises"));
}
function isUnknownScript(error) {
  return typeof error === "object" && error !== null && String(Reflect.get(error, "message")).startsWith("NOSCRIPT");
}
function isNodeRedis(client) {
  return hasMethods(client, "evalSha", "eval");
}
function isIoredis(client) {
  return hasMethods(client, "evalsha", "eval", "call");
}
function isInLegacyMode(client) {
  if (!isNodeRedis(client)) return false;
  const options2 = Reflect.get(client, "options");
  return typeof options2 === "object" && options2 !== null && Reflect.get(options2, "legacyMode") === true;
}
function hasMethods(value, ...names) {
  const hasProperties = typeof value === "object" && value !== null || typeof value === "function";
  return hasProperties && names.every((name) => typeof Reflect.get(value, name) === "function");
}
function describe(value) {
  if (hasMethods(value, "then")) return "a promise (is an `await` missing?)";
  if (value === null || typeof value !== "object") return typeof value === "function" ? "a function" : String(value);
  return `an object of ${value.constructor?.name ?? "no class"} without \`eval\` and \`evalSha\``;
}

// lib/store/redis/scripts.ts
import { createHash as createHash5 } from "node:crypto";

// lib/store/redis/claim.lua
var claim_default = "-- KEYS: history, passes of each purse, then the ticket if there is one.\n-- ARGV: claim id, '1' to grant to known clients alone, replayMs, rateMemoryMs; limit, windowMs and ownRateFactor of each purse.\nlocal claimId, requireKnown, replayMs, rateMemoryMs = ARGV[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])\nlocal purses = {}\nfor index = 5, #ARGV, 3 do\n  purses[#purses + 1] = {\n    key = KEYS[#purses + 2],\n    limit = tonumber(ARGV[index]),\n    windowMs = tonumber(ARGV[index + 1]),\n    ownRateFactor = tonumber(ARGV[index + 2])\n  }\nend\nlocal ticketKey = KEYS[#purses + 2]\n\n-- A client that reconnects may send a claim twice: the second one takes nothing more.\nlocal isHeld = false\nfor _, purse in ipairs(purses) do\n  purse.hasPasses = holds('passes', purse.key, 'zset')\n  if purse.hasPasses and redis.call('ZSCORE', purse.key, claimId) then isHeld = true end\nend\nif ticketKey and not isHeld and markOf(ticketKey) then return answer('replayed') end\n\nlocal perMinute = perMinuteOf(KEYS[1], rateMemoryMs)\nif isHeld then return answer('granted', exact(perMinute)) end\nif requireKnown and not perMinute then return answer('unknown_client') end\n\nfor _, purse in ipairs(purses) do\n  local limit, taken = purse.limit, 0\n  if perMinute and limit > 0 then\n    limit = math.max(limit, math.floor(purse.ownRateFactor * perMinute * purse.windowMs / 60000))\n  end\n  if purse.hasPasses then\n    redis.call('ZREMRANGEBYSCORE', purse.key, '-inf', now - purse.windowMs * 1000)\n    taken = redis.call('ZCARD', purse.key)\n  end\n  if taken >= limit then\n    local endsIn = purse.windowMs\n    if limit > 0 then\n      local oldest = redis.call('ZRANGE', purse.key, taken - limit, taken - limit, 'WITHSCORES')[2]\n      endsIn = math.ceil((tonumber(oldest) - now) / 1000) + purse.windowMs\n    end\n    return answer('over_limit', exact(perMinute), exact(endsIn))\n  end\nend\n\nfor _, purse in ipairs(purses) do\n  redis.call('ZADD', purse.key, now, claimId)\n  redis.call('PEXPIRE', purse.key, purse.windowMs + 1000)\nend\nif ticketKey then redis.call('SET', ticketKey, 'claim:' .. claimId, 'PX', replayMs) end\nreturn answer('granted', exact(perMinute))\n";

// lib/store/redis/heartbeat.lua
var heartbeat_default = "-- Records a live process and what it has learned; answers with the time, the live processes, the site's baseline and reference,\n-- and the override.\n--\n-- The site's rate is the sum of what the live processes have learned. While some have learned none, the last such sum stands:\n-- a process that ends is counted as live for some seconds more, so scaling up the others' figures at every deployment would count\n-- it twice. Only without a last sum are those figures scaled.\n--\n-- KEYS: processes, baseline, reference, override.\n-- ARGV: process id, its baseline or '', its reference or '', processMs, baselineMs, referenceMs, overrideMs.\nlocal processesKey, baselineKey, referenceKey, overrideKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]\nlocal processId, ownBaseline, ownReference = ARGV[1], ARGV[2], ARGV[3]\nlocal processMs, baselineMs, referenceMs, overrideMs = ARGV[4], ARGV[5], ARGV[6], ARGV[7]\n\nholds('processes', processesKey, 'hash')\nlocal entry = string.format('%.0f', now) .. ' ' .. ownBaseline .. ' ' .. ownReference\nredis.call('HSET', processesKey, processId, entry)\nredis.call('PEXPIRE', processesKey, processMs)\nlocal entries = redis.call('HGETALL', processesKey)\nlocal live, baselines, references = 0, {}, {}\nfor index = 1, #entries, 2 do\n  local at, baseline, reference = string.match(entries[index + 1], '^(%d+) (%S*) ?(%S*)$')\n  at = number(at)\n  if at and math.abs(now - at) < tonumber(processMs) * 1000 then\n    live = live + 1\n    baselines[#baselines + 1] = number(baseline)\n    references[#references + 1] = number(reference)\n  else\n    redis.call('HDEL', processesKey, entries[index])\n    if not at then corrupted[#corrupted + 1] = 'processes' end\n  end\nend\n\nlocal function siteRate(kind, key, learned, lastsMs)\n  local site\n  if holds(kind, key, 'string') then\n    site = number(redis.call('GET', key))\n    if not site then reject(kind, key) end\n  end\n  if #learned == live or (#learned > 0 and not site) then\n    local sum = 0\n    for _, perMinute in ipairs(learned) do sum = sum + perMinute end\n    site = sum * live / #learned\n    redis.call('SET', key, exact(site), 'PX', lastsMs)\n  end\n  return exact(site)\nend\n\nlocal baseline = siteRate('baseline', baselineKey, baselines, baselineMs)\nlocal reference = siteRate('reference', referenceKey, references, referenceMs)\nlocal override = overrideOf(overrideKey)\nif override then redis.call('PEXPIRE', overrideKey, overrideMs) end\nreturn answer(exact(now / 1000), tostring(live), baseline, reference, unpack(override or {}))\n";

// lib/store/redis/prelude.lua
var prelude_default = "-- Begins every script. Time is the server's, in microseconds, for the clocks of the processes differ. All keys of the store have\n-- a type and an end: a key with another type, no end or an unreadable value is deleted, and its kind is named in the answer.\nlocal time = redis.call('TIME')\nlocal now = tonumber(time[1]) * 1000000 + tonumber(time[2])\nlocal corrupted = {}\n\nlocal function reject(kind, key)\n  redis.call('DEL', key)\n  corrupted[#corrupted + 1] = kind\nend\n\nlocal function holds(kind, key, expected)\n  local found = redis.call('TYPE', key).ok\n  if found == 'none' then return false end\n  if found == expected and redis.call('PTTL', key) >= 0 then return true end\n  reject(kind, key)\n  return false\nend\n\nlocal function number(text)\n  local value = text and tonumber(text)\n  if value and value >= 0 and value < 9007199254740992 then return value end\n  return nil\nend\n\n-- A number as text, without a loss; '' for nil.\nlocal function exact(value)\n  return value and string.format('%.17g', value) or ''\nend\n\nlocal function answer(...)\n  return { table.concat(corrupted, ','), ... }\nend\n\n-- What marked a ticket, 'claim:' or 'verified:' and an id, or nil.\nlocal function markOf(key)\n  if not holds('ticket', key, 'string') then return nil end\n  local mark = redis.call('GET', key)\n  if string.sub(mark, 1, 9) == 'verified:' or string.sub(mark, 1, 6) == 'claim:' then return mark end\n  reject('ticket', key)\n  return nil\nend\n\n-- The weight of a client's verified passes and the time of the last one, or nil.\nlocal function historyOf(key)\n  if not holds('history', key, 'hash') then return nil end\n  local fields = redis.call('HMGET', key, 'weight', 'at')\n  local weight, at = number(fields[1]), number(fields[2])\n  if weight and at then return weight, at end\n  reject('history', key)\n  return nil\nend\n\nlocal function perMinuteOf(key, rateMemoryMs)\n  local weight = historyOf(key)\n  return weight and weight * 60000 / rateMemoryMs\nend\n\n-- The override that stands, as id, mode, by, for and set, or nil.\nlocal function overrideOf(key)\n  if not holds('override', key, 'hash') then return nil end\n  local fields = redis.call('HMGET', key, 'id', 'mode', 'by', 'for', 'set')\n  local mode = fields[2]\n  local isKnown = mode == 'pass' or mode == 'verify_only' or mode == 'none'\n  local hasLength = fields[4] == '' or number(fields[4])\n  if fields[1] and isKnown and fields[3] and hasLength and number(fields[5]) then return fields end\n  reject('override', key)\n  return nil\nend\n";

// lib/store/redis/publish-status.lua
var publish_status_default = "-- Keeps the status of a process. Those of processes that live no longer go with them: every heartbeat cleans the processes.\n-- KEYS: processes, statuses. ARGV: process id, status, processMs.\nlocal processesKey, statusesKey = KEYS[1], KEYS[2]\nholds('statuses', statusesKey, 'hash')\nredis.call('HSET', statusesKey, ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])\nredis.call('PEXPIRE', statusesKey, ARGV[3])\nlocal live = holds('processes', processesKey, 'hash') and redis.call('HLEN', processesKey) or 0\nif redis.call('HLEN', statusesKey) > live then\n  for _, id in ipairs(redis.call('HKEYS', statusesKey)) do\n    if redis.call('HEXISTS', processesKey, id) == 0 then redis.call('HDEL', statusesKey, id) end\n  end\nend\nreturn answer('published')\n";

// lib/store/redis/read-history.lua
var read_history_default = "-- KEYS: history. ARGV: rateMemoryMs.\nreturn answer('history', exact(perMinuteOf(KEYS[1], tonumber(ARGV[1]))))\n";

// lib/store/redis/read-statuses.lua
var read_statuses_default = "-- Answers with the statuses of the other live processes; of too many, with those of the newest heartbeats.\n-- KEYS: processes, statuses. ARGV: process id, processMs, most statuses, most bytes of one.\nlocal processesKey, statusesKey = KEYS[1], KEYS[2]\nlocal own, processMs, most, maxBytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])\nif not holds('processes', processesKey, 'hash') or not holds('statuses', statusesKey, 'hash') then return answer() end\n\nlocal function isRecent(at)\n  return at and math.abs(now - at) < processMs * 1000\nend\n\nlocal entries, others = redis.call('HGETALL', processesKey), {}\nfor index = 1, #entries, 2 do\n  local at = number(string.match(entries[index + 1], '^(%d+) '))\n  if entries[index] ~= own and isRecent(at) then others[#others + 1] = { id = entries[index], at = at } end\nend\ntable.sort(others, function(one, other) return one.at > other.at end)\n\nlocal statuses = {}\nfor index = 1, math.min(#others, most) do\n  local id, at, status = others[index].id, nil, nil\n  -- The time in front of a status takes 17 bytes.\n  local bytes = redis.call('HSTRLEN', statusesKey, id)\n  if bytes > 0 and bytes <= maxBytes + 17 then\n    at, status = string.match(redis.call('HGET', statusesKey, id), '^(%d+) (.*)$')\n    at = number(at)\n  end\n  if isRecent(at) then statuses[#statuses + 1] = status end\n  if bytes > 0 and not at then\n    redis.call('HDEL', statusesKey, id)\n    corrupted[#corrupted + 1] = 'statuses'\n  end\nend\nreturn answer(unpack(statuses))\n";

// lib/store/redis/record-verified.lua
var record_verified_default = "-- Marks a verified ticket, unless it has passed already, and counts the pass in the client's history. The same pass is recorded\n-- again, for a client that reconnects may send it twice.\n-- KEYS: history, then the ticket if there is one. ARGV: historyMs, rateMemoryMs, and with a ticket replayMs and the pass id.\nlocal historyKey, ticketKey = KEYS[1], KEYS[2]\nlocal historyMs, rateMemoryMs, replayMs = ARGV[1], tonumber(ARGV[2]), ARGV[3]\nif ticketKey then\n  local own = 'verified:' .. ARGV[4]\n  local mark = markOf(ticketKey)\n  if mark and mark ~= own then return answer('replayed') end\n  redis.call('SET', ticketKey, own, 'PX', replayMs)\nend\n\nlocal weight, at = historyOf(historyKey)\nif weight then weight = weight * math.exp(-math.max(0, now - at) / (rateMemoryMs * 1000)) end\nredis.call('HSET', historyKey, 'weight', (weight or 0) + 1, 'at', now)\nredis.call('PEXPIRE', historyKey, historyMs)\nreturn answer('recorded')\n";

// lib/store/redis/release.lua
var release_default = "-- Undoes one claim, or the mark of one verified pass, and no other: what a later claim holds stays.\n-- KEYS: passes of each purse, then the ticket if there is one. ARGV: claim id, number of purses.\nlocal claimId, purses = ARGV[1], tonumber(ARGV[2])\nlocal ticketKey = KEYS[purses + 1]\nfor index = 1, purses do\n  if holds('passes', KEYS[index], 'zset') then redis.call('ZREM', KEYS[index], claimId) end\nend\nlocal mark = ticketKey and markOf(ticketKey)\nif mark == 'claim:' .. claimId or mark == 'verified:' .. claimId then redis.call('DEL', ticketKey) end\nreturn answer('released')\n";

// lib/store/redis/set-override.lua
var set_override_default = "-- The newest override stands, in whatever order they arrive; answers with the one that stands. One that was set ahead of the server's\n-- time says that its clock was set back: order is lost, and the later arrival stands.\n-- KEYS: override. ARGV: id, mode, by, how long it lasts or '', when it was set, overrideMs.\nlocal overrideKey = KEYS[1]\nlocal standing = overrideOf(overrideKey)\nif standing then\n  local setMs = tonumber(standing[5])\n  local isNewer = setMs > tonumber(ARGV[5]) and setMs * 1000 <= now\n  if standing[1] == ARGV[1] or isNewer then return answer(unpack(standing)) end\nend\nredis.call('HSET', overrideKey, 'id', ARGV[1], 'mode', ARGV[2], 'by', ARGV[3], 'for', ARGV[4], 'set', ARGV[5])\nredis.call('PEXPIRE', overrideKey, ARGV[6])\nreturn answer(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])\n";

// lib/store/redis/scripts.ts
var scripts = Object.freeze({
  claim: luaScript(claim_default),
  heartbeat: luaScript(heartbeat_default),
  publishStatus: luaScript(publish_status_default),
  readHistory: luaScript(read_history_default),
  readStatuses: luaScript(read_statuses_default),
  recordVerified: luaScript(record_verified_default),
  release: luaScript(release_default),
  setOverride: luaScript(set_override_default)
});
function luaScript(body) {
  const source3 = `${prelude_default}
${body}`;
  return Object.freeze({ source: source3, sha1: createHash5("sha1").update(source3).digest("hex") });
}

// lib/store/redis/redis-session.ts
var maxByLength = 256;
var RedisSession = class {
  #runner;
  #keys;
  #context;
  #reportedKinds = /* @__PURE__ */ new Set();
  constructor(runner, keys, context) {
    this.#runner = runner;
    this.#keys = keys;
    this.#context = context;
  }
  async claim({
    claimId,
    purses,
    clientKey,
    ticketKey,
    requireKnown,
    replayMs
  }) {
    const limits = purses.flatMap(({ limit: limit2, windowMs: windowMs4, ownRateFactor: ownRateFactor4 }) => [limit2, windowMs4, ownRateFactor4]);
    const { rateMemoryMs } = this.#context.lifetimes;
    const keys = [this.#keys.history(clientKey), ...this.#keysOf({ purses, clientKey, ticketKey })];
    const args = [claimId, requireKnown ? 1 : 0, replayMs, rateMemoryMs, ...limits];
    const [kind, perMinute, retryAfterMs2] = await this.#run(scripts.claim, keys, args);
    switch (kind) {
      case "granted":
        return { kind, history: historyOf(perMinute) };
      case "over_limit":
        return { kind, history: historyOf(perMinute), retryAfterMs: finite(retryAfterMs2) };
      case "replayed":
      case "unknown_client":
        return { kind };
      default:
        throw unreadable2();
    }
  }
  async release(claim) {
    await this.#run(scripts.release, this.#keysOf(claim), [claim.claimId, claim.purses.length]);
  }
  async recordVerified({ passId, ticketKey, clientKey, replayMs }) {
    const { historyMs, rateMemoryMs } = this.#context.lifetimes;
    const keys = [this.#keys.history(clientKey), this.#keys.ticket(ticketKey)];
    const [kind] = await this.#run(scripts.recordVerified, keys, [historyMs, rateMemoryMs, replayMs, passId]);
    return { isFirst: kind === "recorded" };
  }
  async recordHistory(clientKey) {
    const { historyMs, rateMemoryMs } = this.#context.lifetimes;
    await this.#run(scripts.recordVerified, [this.#keys.history(clientKey)], [historyMs, rateMemoryMs]);
  }
  async readHistory(clientKey) {
    const { rateMemoryMs } = this.#context.lifetimes;
    const [, perMinute] = await this.#run(scripts.readHistory, [this.#keys.history(clientKey)], [rateMemoryMs]);
    return historyOf(perMinute);
  }
  async heartbeat({ baselinePerMinute, referencePerMinute }) {
    const { processMs, baselineMs, referenceMs, overrideMs } = this.#context.lifetimes;
    const keys = [this.#keys.processes, this.#keys.baseline, this.#keys.reference, this.#keys.override];
    const learned = [baselinePerMinute ?? "", referencePerMinute ?? ""];
    const args = [this.#context.processId, ...learned, processMs, baselineMs, referenceMs, overrideMs];
    const [nowMs, processes, baseline, reference, ...override] = await this.#run(scripts.heartbeat, keys, args);
    return {
      nowMs: finite(nowMs),
      processes: Math.max(1, finite(processes)),
      baselinePerMinute: baseline ? finite(baseline) : void 0,
      referencePerMinute: reference ? finite(reference) : void 0,
      override: override.length > 0 ? overrideOf(override) : void 0
    };
  }
  async setOverride({ id, mode, by, forMs, setMs }) {
    const { overrideMs } = this.#context.lifetimes;
    const args = [id, mode, by.slice(0, maxByLength), forMs ?? "", setMs, overrideMs];
    return overrideOf(await this.#run(scripts.setOverride, [this.#keys.override], args));
  }
  async publishStatus(status) {
    const { processId, lifetimes } = this.#context;
    const keys = [this.#keys.processes, this.#keys.statuses];
    await this.#run(scripts.publishStatus, keys, [processId, status, lifetimes.processMs]);
  }
  readStatuses() {
    const { processId, lifetimes } = this.#context;
    const keys = [this.#keys.processes, this.#keys.statuses];
    return this.#run(scripts.readStatuses, keys, [processId, lifetimes.processMs, maxStatuses, maxStatusBytes]);
  }
  /** The keys that a claim takes from, and its ticket's. */
  #keysOf({ purses, clientKey, ticketKey }) {
    const passes = purses.map((purse2) => this.#keys.passes(purse2.name, purse2.clientKey ?? clientKey));
    return ticketKey === void 0 ? passes : [...passes, this.#keys.ticket(ticketKey)];
  }
  /** Runs a script and reports the keys that it found corrupted. Reads replies as text: some clients return buffers. */
  async #run(script, keys, args) {
    const reply = await this.#runner.run(script, { keys, args: args.map(String) });
    if (!Array.isArray(reply)) throw unreadable2();
    const [corrupted = "", ...values] = reply.map(String);
    for (const kind of corrupted.split(",")) this.#report(kind);
    return values;
  }
  #report(kind) {
    if (kind === "" || this.#reportedKinds.has(kind)) return;
    this.#reportedKinds.add(kind);
    this.#context.onCorruption(this.#keys.pattern(kind));
  }
};
function historyOf(perMinute) {
  return perMinute ? { verifiedPerMinute: finite(perMinute) } : void 0;
}
function isMode(mode) {
  return mode === "pass" || mode === "verify_only" || mode === "none";
}
function overrideOf([id = "", mode, by = "", forMs, setMs]) {
  if (!isMode(mode)) throw unreadable2();
  return { id, mode, by, forMs: forMs === "" ? null : finite(forMs), setMs: finite(setMs) };
}
function finite(text3) {
  const value = Number(text3);
  if (text3 === void 0 || !Number.isFinite(value)) throw unreadable2();
  return value;
}
function unreadable2() {
  return new Error("unreadable answer from Redis");
}

// lib/store/redis/redis-store.ts
function redisStore(client, options2 = {}) {
  const runner = scriptRunner(client);
  const keyPrefix = parseOptions2(options2);
  return Object.freeze({
    kind: "redis",
    connect: (context) => new RedisSession(runner, keyNames(keyPrefix, context.captchaAppId), context)
  });
}
var validPrefix = /^[!-z|~]{1,64}$/;
function parseOptions2(options2) {
  if (options2 === null || typeof options2 !== "object" || Array.isArray(options2)) {
    throw new CaptchaConfigError("options", "the options of redisStore() must be an object, such as { keyPrefix }.");
  }
  for (const name of Object.keys(options2)) {
    if (name !== "keyPrefix") {
      throw new CaptchaConfigError(name, `redisStore() has no option \`${name}\`; its only option is \`keyPrefix\`.`);
    }
  }
  const keyPrefix = Reflect.get(options2, "keyPrefix") ?? "tcg:";
  if (typeof keyPrefix === "string" && validPrefix.test(keyPrefix)) return keyPrefix;
  throw new CaptchaConfigError(
    "keyPrefix",
    `\`keyPrefix\` is ${JSON.stringify(keyPrefix)}; it must be 1 to 64 printable ASCII characters without blanks and braces.`
  );
}

// test/store/redis/client-libraries.ts
import * as ioredisModule from "ioredis";
import { createClient } from "redis";
var reconnectMs = 50;
var Redis2 = ioredisModule.Redis ?? ioredisModule.default;
var nodeRedis = {
  name: "node-redis",
  open(port, password) {
    const client = createClient({
      socket: { host: "127.0.0.1", port, reconnectStrategy: () => reconnectMs },
      ...password && { password }
    });
    client.on("error", () => {
    });
    client.connect().catch(() => {
    });
    return {
      client,
      command: (...args) => client.sendCommand(args),
      // node-redis 4 has no `destroy`.
      close: () => "destroy" in client ? client.destroy() : void client.disconnect().catch(() => {
      })
    };
  }
};
var ioredis = {
  name: "ioredis",
  open(port, password) {
    const client = new Redis2({
      host: "127.0.0.1",
      port,
      retryStrategy: () => reconnectMs,
      ...password && { password }
    });
    client.on("error", () => {
    });
    return {
      client,
      command: (command = "", ...args) => client.call(command, ...args),
      close: () => client.disconnect()
    };
  }
};
var clientLibraries = [nodeRedis, ioredis];

// test/faults/plain-client.ts
function paramsOf({ captchaAppId, appSecretKey }) {
  return {
    CaptchaType: 9,
    Ticket: "tr03plain*",
    Randstr: "@plain",
    UserIp: "203.0.113.7",
    CaptchaAppId: captchaAppId,
    AppSecretKey: appSecretKey
  };
}
var askWithSdk = async (order) => {
  const sdk = await import("tencentcloud-sdk-nodejs-captcha");
  const { protocol, host } = new URL(order.url);
  const client = new sdk.captcha.v20190722.Client({
    credential: { secretId: "AKID", secretKey: "KEY" },
    profile: { httpProfile: { endpoint: host, protocol: `${protocol}//`, reqTimeout: 2 } }
  });
  return client.DescribeCaptchaResult(paramsOf(order));
};
var askWithFetch = async (order) => {
  const reply = await fetch(order.url, { method: "POST", body: JSON.stringify(paramsOf(order)) });
  return (await reply.json()).Response;
};
async function askPlainly(order) {
  const ask2 = order.client === "sdk" ? askWithSdk : askWithFetch;
  if (order.client === "sdk") await import("tencentcloud-sdk-nodejs-captcha");
  const startedMs = performance.now();
  const { maxRSS } = process.resourceUsage();
  const result = await ask2(order).then(
    ({ CaptchaCode }) => ({ passed: CaptchaCode === 1, error: "" }),
    (error) => ({ passed: false, error: String(error) })
  );
  const grownMb = (process.resourceUsage().maxRSS - maxRSS) / 1024;
  return { ...result, tookMs: performance.now() - startedMs, grownMb };
}

// test/faults/guarded-process.ts
var guards = /* @__PURE__ */ new Map();
function guardOf(captchaAppId) {
  const open = guards.get(captchaAppId);
  if (open === void 0) throw new Error(`no guard ${captchaAppId}`);
  return open;
}
var timers = /* @__PURE__ */ new Map();
var isOwnTimer = false;
createHook({
  init(id, type) {
    if (type !== "Timeout" || isOwnTimer) return;
    const maker = makerOf(new Error().stack ?? "");
    if (!maker.includes("@redis/client")) timers.set(id, maker);
  },
  destroy: (id) => timers.delete(id)
}).enable();
function makerOf(stack) {
  const frames = stack.split("\n").slice(2).map((frame) => frame.trim());
  return frames.find((frame) => !/node:internal|node:timers|SystemTimer|Object\.after/.test(frame)) ?? "Node";
}
function pause(ms) {
  return new Promise((resolve2) => {
    isOwnTimer = true;
    setTimeout(resolve2, ms);
    isOwnTimer = false;
  });
}
var longestWaitMs = 4e3;
async function until(condition) {
  const dueMs = performance.now() + longestWaitMs;
  while (!condition()) {
    if (performance.now() > dueMs) return false;
    await pause(5);
  }
  return true;
}
var heldTimers = /* @__PURE__ */ new Set();
var held = [];
function surplus() {
  const before = [...held];
  const resources = process.getActiveResourcesInfo().filter((resource) => {
    const index = before.indexOf(resource);
    if (index >= 0) before.splice(index, 1);
    return index < 0;
  });
  const madeSince = [...timers].filter(([id]) => !heldTimers.has(id)).map(([, maker]) => `a timer, made ${maker}`);
  return [...resources, ...madeSince];
}
function credentialOf({ credential }) {
  switch (credential?.from) {
    case "cvm":
      return cvmRoleCredential({ metadataUrl: credential.metadataUrl, timeoutMs: credential.timeoutMs });
    case "tke":
      return tkeOidcCredential({
        endpoint: credential.stsUrl,
        timeoutMs: credential.timeoutMs,
        tokenFile: credential.tokenFile,
        region: "ap-guangzhou",
        providerId: "p",
        roleArn: "r"
      });
    case "options": {
      const { secretId, secretKey, token } = credential;
      return { secretId, secretKey, token };
    }
    case void 0:
      return { secretId: "AKID", secretKey: "KEY" };
  }
}
var commands = {
  begin() {
    heldTimers = new Set(timers.keys());
    held = process.getActiveResourcesInfo();
  },
  open({ captchaAppId, appSecretKey, endpoint, redis, ...setting }) {
    const lines = [];
    const raw = [];
    const write = (level) => (fields2, message) => {
      raw.push(JSON.stringify({ ...fields2, msg: message }));
      if (level !== "debug") lines.push({ evidence: void 0, ...fields2, event: message, level });
    };
    const logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
    const client = redis && clientLibraries[0]?.open(redis.port, redis.password);
    const guard = captchaGuard({
      captchaAppId,
      appSecretKey,
      endpoint,
      credential: credentialOf({ endpoint, ...setting }),
      logger,
      degradation: { fallback: { probe: false } },
      ...client && { store: redisStore(client.client) }
    });
    guards.set(captchaAppId, { guard, redis: client, lines, raw, users: 0 });
  },
  check({ captchaAppId, count: count2 }) {
    const open = guardOf(captchaAppId);
    const checkOne = async () => {
      const user = open.users++;
      const startedMs = performance.now();
      const verdict = await open.guard.check({
        ticket: `tr03ticketOfUser${user}*`,
        randstr: "@randstrOfUser",
        userIp: `198.51.100.${user}`
      });
      return { verdict, tookMs: performance.now() - startedMs, lines: [...open.lines] };
    };
    return Promise.all(Array.from({ length: count2 }, checkOne));
  },
  async settled(captchaAppId) {
    const { guard } = guardOf(captchaAppId);
    await until(() => {
      const { circuit: circuit2, endpoints } = guard.snapshot();
      if (circuit2.state === "closed") return true;
      const areAllDown = endpoints.every(({ state }) => state === "failed");
      return areAllDown && (circuit2.state === "open" || circuit2.lastCanary?.result === "failed");
    });
    return guard.snapshot();
  },
  async close(captchaAppId) {
    const { guard, redis, raw } = guardOf(captchaAppId);
    guards.delete(captchaAppId);
    await guard.close();
    redis?.close();
    return raw.join("\n");
  },
  async left() {
    await until(() => surplus().length === 0);
    return surplus();
  },
  plain: askPlainly
};
process.on("message", ({ id, name, argument }) => {
  if (name === void 0) return;
  Promise.resolve().then(() => commands[name](argument)).then(
    (result) => process.send?.({ id, result }),
    (error) => process.send?.({ id, error: error.stack })
  );
});
process.on("disconnect", () => process.exit());

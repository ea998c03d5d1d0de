/** Styles of the challenge. The script applies them as a constructed style sheet, which a `style-src` policy does not block. */
export const challengeCss = `
.tjc-veil {
  --tjc-card: #ffffff; --tjc-ink: #101828; --tjc-soft: #667085; --tjc-line: #e4e7ec; --tjc-track: #f2f4f7;
  --tjc-accent: #0f62fe; --tjc-accent-ink: #ffffff; --tjc-good: #12805c; --tjc-bad: #c4320a; --tjc-hover: #f2f4f7;
  position: fixed; inset: 0; z-index: 2147483000; display: grid; grid-template-columns: minmax(0, 1fr); place-items: center;
  padding: 16px; box-sizing: border-box;
  background: rgba(16, 24, 40, .48); backdrop-filter: blur(3px); animation: tjc-fade .16s ease-out;
  font: 400 14px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', sans-serif;
  color: var(--tjc-ink); text-align: left; letter-spacing: normal;
}
.tjc-dark {
  --tjc-card: #1b2231; --tjc-ink: #f2f4f7; --tjc-soft: #98a2b3; --tjc-line: #344054; --tjc-track: #111827;
  --tjc-accent: #4c8dff; --tjc-accent-ink: #0b1220; --tjc-good: #3ccb93; --tjc-bad: #ff8a65; --tjc-hover: #2a3347;
}
.tjc-card {
  width: 344px; max-width: 100%; box-sizing: border-box; padding: 16px; border-radius: 16px; background: var(--tjc-card);
  box-shadow: 0 0 0 1px rgba(16, 24, 40, .06), 0 24px 48px -12px rgba(16, 24, 40, .36); animation: tjc-rise .2s cubic-bezier(.2, .8, .3, 1);
}
.tjc-head { display: flex; align-items: center; gap: 10px; margin: 0 0 12px; }
.tjc-shield { width: 32px; height: 32px; flex: none; color: var(--tjc-accent); }
.tjc-words { flex: 1; min-width: 0; }
.tjc-title { margin: 0; font-size: 15px; font-weight: 600; line-height: 1.3; color: var(--tjc-ink); }
.tjc-hint { margin: 1px 0 0; font-size: 12.5px; line-height: 1.35; color: var(--tjc-soft); }
.tjc-close {
  all: unset; box-sizing: border-box; display: grid; place-items: center; width: 32px; height: 32px; margin: 0 -4px 0 0; border-radius: 8px;
  color: var(--tjc-soft); cursor: pointer;
}
.tjc-close:hover { background: var(--tjc-hover); color: var(--tjc-ink); }
.tjc-close:focus-visible, .tjc-thumb:focus-visible { outline: 2px solid var(--tjc-accent); outline-offset: 2px; }
.tjc-picture { display: block; width: 100%; height: auto; border-radius: 10px; }
.tjc-track {
  position: relative; height: 44px; margin: 12px 0 0; border-radius: 12px; box-sizing: border-box; background: var(--tjc-track);
  border: 1px solid var(--tjc-line); overflow: hidden; touch-action: none; user-select: none; -webkit-user-select: none;
}
.tjc-fill { position: absolute; inset: 0 auto 0 0; width: 42px; background: var(--tjc-accent); opacity: .16; }
.tjc-label {
  position: absolute; inset: 0 12px 0 52px; display: grid; place-items: center; font-size: 13.5px; color: var(--tjc-soft); pointer-events: none;
  white-space: nowrap;
}
.tjc-thumb {
  all: unset; box-sizing: border-box; position: absolute; left: 0; top: 0; width: 42px; height: 42px; display: grid; place-items: center;
  border-radius: 11px; background: var(--tjc-accent); color: var(--tjc-accent-ink); cursor: grab; touch-action: none;
}
.tjc-thumb:focus-visible { outline-offset: -4px; outline-color: var(--tjc-accent-ink); }
.tjc-thumb:active { cursor: grabbing; }
.tjc-foot { display: flex; justify-content: space-between; gap: 8px; margin: 12px 0 0; font-size: 11.5px; line-height: 1.4; color: var(--tjc-soft); }
.tjc-moving .tjc-thumb, .tjc-moving .tjc-fill, .tjc-moving .tjc-piece { transition: transform .32s cubic-bezier(.3, .7, .2, 1), width .32s cubic-bezier(.3, .7, .2, 1); }
.tjc-solved .tjc-thumb, .tjc-solved .tjc-fill { background: var(--tjc-good); }
.tjc-solved .tjc-label { color: var(--tjc-good); font-weight: 600; }
.tjc-busy .tjc-label, .tjc-solved .tjc-label { inset: 0 96px 0 12px; }
.tjc-dragging .tjc-label { opacity: 0; }
.tjc-missed .tjc-label { color: var(--tjc-bad); }
.tjc-busy .tjc-thumb { cursor: progress; }
.tjc-loading { display: grid; place-items: center; height: 208px; border-radius: 10px; background: var(--tjc-track); }
.tjc-spinner { width: 28px; height: 28px; border-radius: 50%; border: 3px solid var(--tjc-line); border-top-color: var(--tjc-accent); animation: tjc-spin .8s linear infinite; }
@keyframes tjc-fade { from { opacity: 0 } }
@keyframes tjc-rise { from { opacity: 0; transform: translateY(10px) scale(.98) } }
@keyframes tjc-spin { to { transform: rotate(1turn) } }
@media (prefers-reduced-motion: reduce) {
  .tjc-veil, .tjc-card { animation: none }
  .tjc-moving .tjc-thumb, .tjc-moving .tjc-fill, .tjc-moving .tjc-piece { transition: none }
}
`

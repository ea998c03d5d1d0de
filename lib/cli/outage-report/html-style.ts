/** The style of the HTML report: light and dark, phone and desktop, and paper. */
export const htmlStyle = `
:root { color-scheme: light dark; --text: #1a1d21; --soft: #555d66; --page: #fff; --card: #f4f6f8; --line: #d5dae0;
  --a: #1f5fa8; --b: #7a4fb0; --c: #b3541e; --d: #3d7a4a; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --soft: #a9b1ba; --page: #15181c; --card: #1f242a; --line: #3a424b;
  --a: #6aa9ee; --b: #b795e6; --c: #ec9a68; --d: #7fc68e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); } code { font-size: .92em; overflow-wrap: anywhere; }
.pick { position: absolute; opacity: 0; }
.pick + label { display: inline-block; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: 1rem; cursor: pointer; }
.pick:checked + label { background: var(--text); color: var(--page); }
.pick:focus-visible + label { outline: 3px solid var(--a); outline-offset: 2px; }
#pick-en:checked ~ .language:lang(zh), #pick-zh:checked ~ .language:lang(en) { display: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem; margin: .8rem 0; }
.cards > div { background: var(--card); border-radius: .5rem; padding: .6rem .8rem; }
.cards dt { color: var(--soft); font-size: .85rem; } .cards dd { margin: 0; }
.cards dd:first-of-type { font-size: 1.35rem; font-weight: 600; } .cards dd + dd { font-size: .85rem; color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-size: .85rem; color: var(--soft); font-weight: 600; } .number { text-align: right; }
.share { width: 35%; min-width: 3rem; } .share span { display: block; height: .8rem; min-width: 2px; background: var(--a); border-radius: 2px; }
figure { margin: .3rem 0 1rem; } figure svg { display: block; width: 100%; height: 11rem; background: var(--card); border-radius: .3rem; }
figure .axis { display: flex; justify-content: space-between; color: var(--soft); font-size: .85rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; margin: .3rem 0; font-size: .9rem; }
.legend span { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem; }
.a { fill: var(--a); background: var(--a); } .b { fill: var(--b); background: var(--b); }
.c { fill: var(--c); background: var(--c); } .d { fill: var(--d); background: var(--d); }
polyline.a, polyline.c { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; } polyline.a { stroke: var(--a); background: none; } polyline.c { stroke: var(--c); background: none; }
details { margin: .3rem 0; } summary { cursor: pointer; color: var(--soft); }
@media print { .pick, .pick + label { display: none; } h2 { break-after: avoid; } figure, table { break-inside: avoid; } }
`

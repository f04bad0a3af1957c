/** The report's style: the colours of the pages, light and dark as the reader's system asks, one column on a telephone. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f7f8;--card:#fff;--text:#17202a;--muted:#5b6673;--line:#dde2e7;--accent:#0f766e;--good:#15803d;--good-soft:#dcf5e4;--warn:#92560a;--warn-soft:#fdf0d4;--bad:#b42318;--bad-soft:#fdecea;--stage:#eceff2;--mix:black;--shade:22%;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
@media (prefers-color-scheme:dark){:root{--ground:#111519;--card:#1a2026;--text:#e8ecf0;--muted:#9aa7b4;--line:#2c353e;--accent:#2dd4bf;--good:#4ade80;--good-soft:#10331d;--warn:#fbbf24;--warn-soft:#3a2c0b;--bad:#f98b80;--bad-soft:#40201d;--stage:#0a0d10;--mix:white;--shade:12%}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text)}
main{max-width:1180px;margin:0 auto;padding:2rem 1.25rem 4rem;display:grid;gap:1.1rem;grid-template-columns:minmax(0,1fr)}
h1,h2,h3,p,ul,ol,dl,dd,figure{margin:0;padding:0}
ul,ol{list-style:none}
h1{font-size:1.5rem;line-height:1.25}
h1 code{font:inherit;color:var(--muted);font-weight:450}
h2{font-size:1.08rem;margin-bottom:.8rem}
h3,figcaption{font-size:.92rem;font-weight:600;margin-bottom:.35rem}
h3 span,figcaption span{font-weight:400;color:var(--muted)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.2rem 1.3rem}
a{color:var(--accent)}
.muted,.small{color:var(--muted)}
.small{font-size:.84rem;margin-top:.8rem;max-width:95ch}
.facts{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin-top:.9rem}
.facts dt{font-size:.78rem;color:var(--muted)}
.facts dd{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.7rem}
.tile{border-radius:10px;padding:.75rem .9rem;background:var(--ground);display:grid;align-content:start}
.tile b{font-size:1.55rem;line-height:1.2;font-variant-numeric:tabular-nums;font-weight:650}
.tile span{font-size:.84rem;color:var(--muted)}
.tile.good{background:var(--good-soft)}.tile.good b{color:var(--good)}
.tile.warn{background:var(--warn-soft)}.tile.warn b{color:var(--warn)}
.tile.bad{background:var(--bad-soft)}.tile.bad b{color:var(--bad)}
.strips{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.35rem .8rem;align-items:center;margin-top:1.1rem;font-size:.84rem}
.strip{display:contents}
.strip>span{color:var(--muted);white-space:nowrap}
.strip svg{width:100%;height:18px;background:var(--stage);border-radius:4px;display:block}
.strip rect{fill:var(--accent)}
.strip .warn rect{fill:var(--warn)}.strip .bad rect{fill:var(--bad)}
.strip a:hover rect{fill:var(--text)}
.strips .x{grid-column:2}
.x{display:flex;justify-content:space-between;font-size:.76rem;color:var(--muted);font-variant-numeric:tabular-nums;margin-top:.15rem}
.moments{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:1.1rem 1.6rem;margin-top:1.2rem}
.moments li{padding:.16rem 0;font-size:.9rem;font-variant-numeric:tabular-nums}
summary{cursor:pointer;color:var(--accent);font-size:.88rem;padding:.3rem 0}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:1.1rem}
.arena{display:block;width:100%;max-height:70vh;background:var(--stage);border-radius:8px}
.arena rect:not(.zone){shape-rendering:crispEdges}
.way{fill:none;stroke:color-mix(in oklab,var(--c),var(--mix) var(--shade));stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke;stroke-opacity:.85}
.zone{fill:none;stroke:var(--muted);stroke-dasharray:4 4;vector-effect:non-scaling-stroke;opacity:.6}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.86rem;margin-top:.6rem}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;margin-right:.4rem;background:color-mix(in oklab,var(--c),var(--mix) var(--shade))}
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.35em;background:color-mix(in oklab,var(--c),var(--mix) var(--shade))}
.ramp{display:flex;align-items:center;gap:.6rem;font-size:.8rem;color:var(--muted);margin-top:.6rem}
.ramp i{flex:1;height:8px;border-radius:4px;max-width:240px}
.chart+.chart{margin-top:1.2rem}
.plot{display:grid;grid-template-columns:3.2rem minmax(0,1fr);gap:.5rem}
.plot svg{width:100%;height:170px;display:block;border-bottom:1px solid var(--line);overflow:visible}
.plot .y{display:flex;flex-direction:column;justify-content:space-between;text-align:right;font-size:.76rem;line-height:1;color:var(--muted);font-variant-numeric:tabular-nums}
.chart .x{margin-left:3.7rem}
.grid{stroke:var(--line);vector-effect:non-scaling-stroke;fill:none}
.line{fill:none;stroke:color-mix(in oklab,var(--c),var(--mix) var(--shade));stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{text-align:right;padding:.42rem .7rem;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-size:.8rem;font-weight:500;color:var(--muted)}
th:first-child,td:first-child{text-align:left;padding-left:0}
@media print{section{break-inside:avoid}}
@media (max-width:560px){main{padding:1.2rem .8rem 3rem}section{padding:1rem}.strips{grid-template-columns:minmax(0,1fr);gap:.2rem}.strips .x{grid-column:1}.strip>span{margin-top:.4rem}}
`;

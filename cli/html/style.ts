/**
 * The style of every page. Colours are variables, which a dark screen and paper change. Below 600 px a table has no columns: each row is a
 * block, and each cell says its column (`data-label`). Nothing is loaded from the network.
 */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#1b1f24;--soft:#57606a;--line:#e1e4e8;--good:#12683f;--bad:#a4201c;--bar:#3b6fb6}
@media (prefers-color-scheme:dark){:root{--ground:#0f1317;--card:#191f26;--ink:#e6e9ec;--soft:#9aa4ae;--line:#303841;--good:#58c48d;--bad:#ff8a80;--bar:#6d9fe0}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:var(--ground);color:var(--ink);overflow-wrap:anywhere}
main{max-width:1000px;margin:auto;padding:24px}
header{padding:20px 24px;border-radius:10px;color:#fff;background:#a4201c}header.ok{background:#12683f}header p{margin:0;opacity:.92}
h1{margin:.2em 0;font-size:26px;line-height:1.25}h2{font-size:17px}
section{background:var(--card);border-radius:10px;padding:8px 24px 20px;margin-top:16px}
table{border-collapse:collapse;width:100%}th{color:var(--soft);font-weight:600}
td,th{text-align:left;padding:5px 10px 5px 0;border-top:1px solid var(--line);vertical-align:top}thead th{border-top:0}
.good{color:var(--good)}.wrong{color:var(--bad);font-weight:700}.good,.wrong,.number{white-space:nowrap}
.bar{display:grid;grid-template-columns:18em 1fr 7em;gap:10px;align-items:center;margin:3px 0}
.bar i{display:block;height:14px;border-radius:3px;background:var(--bar);min-width:2px}.bar span:last-child{text-align:right;white-space:nowrap}
svg{max-width:100%;height:auto}svg text{fill:var(--ink)}.wide{overflow-x:auto}.wide svg{width:100%;min-width:560px}
.key span{display:inline-block;margin-right:16px}.key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:5px}
pre{font:12px/1.35 ui-monospace,monospace;overflow-x:auto;overflow-wrap:normal}
@media (max-width:600px){
main{padding:10px}header,section{padding:10px 14px}h1{font-size:20px}
thead{display:none}tr{display:block;border-top:1px solid var(--line);padding:6px 0}tr:first-child{border-top:0}
td{display:block;border:0;padding:1px 0}td:empty{display:none}td[data-label]::before{content:attr(data-label) ": ";color:var(--soft)}
.bar{grid-template-columns:1fr auto;gap:0 10px}.bar i{grid-column:1/-1;grid-row:2}
}
@media print{
:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--good:#12683f;--bad:#a4201c;--bar:#3b6fb6}
body{font-size:11pt}main{max-width:none;padding:0}section{border-radius:0;padding:0;margin-top:14pt}
header{border-radius:0;color:#000;background:none;border-bottom:2pt solid #a4201c;padding:0 0 8pt}header.ok{background:none;border-color:#12683f}
h2{break-after:avoid}tr,.bar,svg{break-inside:avoid}.bar i,.key i,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}
pre{white-space:pre-wrap}
}`.replaceAll("\n", "");

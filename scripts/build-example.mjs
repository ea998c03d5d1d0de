// Builds the example app into example-app/dist: server.js, and in public/ what its pages load. Needs the built package:
// the pages' scripts are bundled with its browser kit, and the server imports it when it starts.
import { build } from 'esbuild'

// The root's tsconfig.json has no `paths`, so that the package is found by its `exports`, as a reader's app finds it.
const shared = { bundle: true, format: 'esm', sourcemap: true, tsconfig: 'tsconfig.json', logLevel: 'warning' }

await Promise.all([
  build({
    ...shared,
    entryPoints: ['example-app/server.ts'],
    outdir: 'example-app/dist',
    packages: 'external',
    platform: 'node',
    target: 'node20',
  }),
  build({
    ...shared,
    entryPoints: ['forms.ts', 'switchboard.ts', 'style.css', 'mark.svg'].map((name) => `example-app/page/${name}`),
    outdir: 'example-app/dist/public',
    loader: { '.svg': 'copy' },
    target: 'es2022',
  }),
])

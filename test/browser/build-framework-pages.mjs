// Builds the recipes of docs/frameworks-page.md with Vite, as their readers do, for the browser and for the server, renders them
// there, and writes the pages to stdout as JSON: `{ [framework]: { html, script } }`. In a process of its own, because Vite's native
// part does not take the objects of Jest's sandbox.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'

/** Where the recipe is, and everything around it: an app with two routes, whose entries are `client` and `server`. */
const frameworks = {
  React: {
    block: /^```jsx\n\/\/ (LoginForm\.jsx)\n([\s\S]*?)^```$/m,
    plugins: [],
    files: {
      'App.jsx': `import { useState } from 'react'
        import { LoginForm } from './LoginForm.jsx'
        export function App() {
          const [route, setRoute] = useState('login')
          return <>
            <button id="switch" onClick={() => setRoute(route === 'login' ? 'home' : 'login')}>Other page</button>
            {route === 'login' ? <LoginForm onSignedIn={() => setRoute('welcome')} /> : <h1>{route}</h1>}
          </>
        }`,
      'client.jsx': `import { StrictMode } from 'react'
        import { hydrateRoot } from 'react-dom/client'
        import { App } from './App.jsx'
        hydrateRoot(document.getElementById('app'), <StrictMode><App /></StrictMode>)`,
      'server.jsx': `import { renderToString } from 'react-dom/server'
        import { App } from './App.jsx'
        export const render = () => renderToString(<App />)`,
    },
  },
  Vue: {
    block: /^```vue\n<!-- (LoginForm\.vue) -->\n([\s\S]*?)^```$/m,
    plugins: [vue()],
    files: {
      'App.vue': `<script setup>
        import { ref } from 'vue'
        import LoginForm from './LoginForm.vue'
        const route = ref('login')
        </script>
        <template>
          <button id="switch" @click="route = route === 'login' ? 'home' : 'login'">Other page</button>
          <LoginForm v-if="route === 'login'" @signed-in="route = 'welcome'" />
          <h1 v-else>{{ route }}</h1>
        </template>`,
      'client.js': `import { createSSRApp } from 'vue'
        import App from './App.vue'
        createSSRApp(App).mount('#app')`,
      'server.js': `import { createSSRApp } from 'vue'
        import { renderToString } from 'vue/server-renderer'
        import App from './App.vue'
        export const render = () => renderToString(createSSRApp(App))`,
    },
  },
  Svelte: {
    block: /^```svelte\n<!-- (LoginForm\.svelte) -->\n([\s\S]*?)^```$/m,
    plugins: [svelte({ configFile: false })],
    files: {
      'App.svelte': `<script>
          import LoginForm from './LoginForm.svelte'
          let route = $state('login')
        </script>
        <button id="switch" onclick={() => (route = route === 'login' ? 'home' : 'login')}>Other page</button>
        {#if route === 'login'}<LoginForm onSignedIn={() => (route = 'welcome')} />{:else}<h1>{route}</h1>{/if}`,
      'client.js': `import { hydrate } from 'svelte'
        import App from './App.svelte'
        hydrate(App, { target: document.getElementById('app') })`,
      'server.js': `import { render as renderApp } from 'svelte/server'
        import App from './App.svelte'
        export const render = () => renderApp(App).body`,
    },
  },
}

const recipes = await readFile('docs/frameworks-page.md', 'utf8')
const resolve = { alias: { 'tencent-captcha-guard/browser': `${process.cwd()}/dist/browser/index.js` } }

async function buildPage({ block, plugins, files }) {
  const [, recipe, code] = block.exec(recipes)
  // Inside the package, so that the frameworks are found.
  await mkdir('node_modules/.cache', { recursive: true })
  const root = await mkdtemp(join(process.cwd(), 'node_modules/.cache/framework-page-'))
  try {
    for (const [file, text] of Object.entries({ ...files, [recipe]: code })) await writeFile(join(root, file), text)
    const entry = (kind) =>
      join(
        root,
        Object.keys(files).find((file) => file.startsWith(kind)),
      )
    const shared = {
      root,
      configFile: false,
      logLevel: 'error',
      plugins,
      publicDir: false,
      resolve,
      mode: process.env.NODE_ENV,
    }
    const client = await build({ ...shared, build: { write: false, rolldownOptions: { input: entry('client') } } })
    const output = { entryFileNames: 'server.mjs' }
    const server = { ssr: entry('server'), outDir: join(root, 'out'), rolldownOptions: { output } }
    await build({ ...shared, ssr: { noExternal: true }, build: server })
    const { render } = await import(pathToFileURL(join(root, 'out/server.mjs')).href)
    return { html: await render(), script: [client].flat()[0].output[0].code }
  } finally {
    await rm(root, { recursive: true })
  }
}

const pages = await Promise.all(
  Object.entries(frameworks).map(async ([name, framework]) => [name, await buildPage(framework)]),
)
process.stdout.write(JSON.stringify(Object.fromEntries(pages)))

/** Script and style of the page as text. The build writes the module itself. */
export declare const pageAssets: { readonly script: string; readonly style: string }

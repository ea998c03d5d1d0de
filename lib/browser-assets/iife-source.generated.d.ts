/** The kit for plain pages as text, for pages of each site. The build writes the module itself. */
export declare const iifeSources: Readonly<Record<'mainland' | 'international', string>>

/** The kit for plain pages as text. The build writes the module itself. */
export declare const iifeSource: string

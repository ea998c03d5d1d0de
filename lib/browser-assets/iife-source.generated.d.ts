/** Text of the kit for plain pages. The module itself comes with the build. */
export declare const iifeSource: string

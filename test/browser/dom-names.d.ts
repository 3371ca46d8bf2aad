/**
 * The four names of the DOM that playwright's types mention. The library `dom` itself would give
 * every file of the gateway a `window` that is not there.
 */
declare interface Node {}
declare interface HTMLElement extends Node {}
declare interface SVGElement extends Node {}
declare interface HTMLElementTagNameMap {}

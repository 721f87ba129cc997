/* Pulumi's host `require`s this file after it has put ts-node in front of every `require` of a .ts file. An import from a
   module goes past ts-node to Node's own type stripping, which the rest of this repository runs by. */
import "./index.ts";

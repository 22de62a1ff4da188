/** Where the parts of the page in one file are that are the same for all models. */
declare module "virtual:standalone" {
  export const script: string;
  export const style: string;
}

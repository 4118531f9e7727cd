export const htmlReport = (x: unknown): string => String(x);

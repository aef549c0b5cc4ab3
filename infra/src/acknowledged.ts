import type { Stack } from 'aws-cdk-lib';

/** Findings of cdk-nag that are as they should be, each with its reason. */
export function acknowledgeIngestion(_: Stack): void {}

export function acknowledgeApi(_: Stack): void {}

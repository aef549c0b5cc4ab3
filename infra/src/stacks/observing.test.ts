import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { resources, template, TOPIC } from './stacks.fixtures.ts';

describe('alarms', () => {
  const alarms = Object.values(resources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

  test('the alarms are exactly these', () => {
    const names = Object.keys(resources('AWS::CloudWatch::Alarm')).map((id) =>
      id.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, ''),
    );
    expect(names.toSorted()).toMatchInlineSnapshot(`
      [
        "BatchItemFailures",
        "ExtractDeadLetters",
        "ExtractOldestMessage",
        "ExtractorDuration",
        "ExtractorErrors",
        "ExtractorThrottles",
        "FreshnessErrors",
        "FreshnessThrottles",
        "PlannerErrors",
        "PlannerSilent",
        "PlannerThrottles",
        "Quarantine",
        "ScheduleDeadLetters",
        "StaleEntity",
        "WriteDeadLetters",
        "WriteOldestMessage",
        "WriterDuration",
        "WriterErrors",
        "WriterThrottles",
      ]
    `);
  });

  test('each alarm names an existing section of the runbook and notifies the topic', () => {
    expect(alarms.length).toBeGreaterThan(15);
    const runbook = readFileSync(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8');
    const anchors = [...runbook.matchAll(/^## (Alarm: .*)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(':', '').replaceAll(' ', '-'),
    );
    for (const alarm of alarms) {
      expect(anchors).toContain(String(alarm['AlarmDescription']).split('#')[1]);
      expect(alarm['AlarmDescription']).toMatch(/What to do: docs\/runbook\.md#alarm-[a-z-]+$/);
      expect(alarm['AlarmActions']).toEqual([TOPIC]);
    }
  });
});

describe('the catalog', () => {
  test('the catalog has a table for each entity, with partition projection', () => {
    const tables = Object.values(resources('AWS::Glue::Table')).map(
      ({ Properties }) => Properties['TableInput'] as Record<string, unknown>,
    );
    expect(tables.map(({ Name, name }) => Name ?? name).toSorted()).toEqual([
      'bronze_loads',
      'bronze_run_log',
      'customers',
      'order_items',
      'orders',
      'payments',
      'products',
      'shipments',
    ]);
    for (const table of tables) expect(table['Parameters']).toMatchObject({ 'projection.enabled': 'true' });
    template.hasResourceProperties('AWS::Glue::Table', {
      TableInput: Match.objectLike({
        Name: 'orders',
        PartitionKeys: ['ingestion_date', 'load_type'].map((Name) => ({ Name, Type: 'string' })),
        Parameters: Match.objectLike({
          'projection.ingestion_date.type': 'date',
          'projection.load_type.values': 'full,incremental',
        }),
      }),
    });
  });

  test('the workgroup has saved queries for the last loads, today’s run log and each entity’s latest rows', () => {
    const names = Object.values(resources('AWS::Athena::NamedQuery')).map(({ Properties }) => Properties['Name']);
    expect(names).toEqual(expect.arrayContaining(['last-loads', 'run-log-of-today', 'latest-orders']));
  });
});

/** Why a number, or its interval, is missing. */
export const missing = {
  'missing.no_cases': 'there is nothing that it could be computed from',
  'missing.no_positives': 'none of the {{n, number}} is unsafe',
  'missing.no_negatives': 'all of the {{n, number}} are unsafe',
  'missing.nothing_flagged': 'none of the {{n, number}} reaches the threshold',
  'missing.not_a_number': 'a probability of the guard is no number',
  'missing.one_label': 'both gave one and the same label to all {{n, number}}',
  'missing.not_rated_twice': 'nothing was decided blind by two reviewers',
  'missing.one_rating': 'all {{n, number}} labels on what two or more decided are the same',
  'missing.nothing_discordant': 'both are right and wrong on the same items',
  'missing.temperature_below':
    'every temperature below {{end}} fits better still: the guard is right throughout',
  'missing.temperature_above':
    'every temperature above {{end}} fits better still: its probabilities say nothing',
  'missing.resamples': 'undefined in {{n, number}} of {{of, number}} resamples',
  'missing.not_judged': 'the guard has not judged any of these items yet',
  'missing.no_gold': 'no gold labels came with these items',
  'missing.no_drawn': 'no blind decision rests on a uniform draw from the whole queue',
  'missing.no_selected': 'there is no other blind decision',
  'missing.no_synthetic': 'there is no decision of a script',
  'missing.none_unsafe': 'none is unsafe: a ranking cannot be measured',
  'missing.all_unsafe': 'all are unsafe: a ranking cannot be measured',
  'missing.nothing_in_common': 'nothing that both guards have judged has a judgement of this kind',
} as const;

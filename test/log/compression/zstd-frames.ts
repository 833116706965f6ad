/** Zstandard frames that Node 22 made, so that every Node can be asked to read them. */

const LINES = Array.from({ length: 120 }, (_, i) => `record ${(i * 7919) % 97} of order ${i}`).join(
  '\n',
);

export interface ZstdFrame {
  readonly of: string;
  readonly text: string;
  readonly frame: Buffer;
}

export const ZSTD_FRAMES: readonly ZstdFrame[] = [
  {
    of: 'of a few words',
    text: 'Hello, zstd',
    frame: Buffer.from(['KLUv/SALWQAASGVsbG8sIHpzdGQ='].join(''), 'base64'),
  },
  {
    of: 'of a run',
    text: 'x'.repeat(5000),
    frame: Buffer.from(['KLUv/WCIEk0AABB4eAEAg9MDLA=='].join(''), 'base64'),
  },
  {
    of: 'of text',
    text: LINES,
    frame: Buffer.from(
      [
        'KLUv/WBMCa0NAPZTKxPAJcMBIFBa498xKWVKSSZWxeHcKgAjACIALD/rVl1p5MZjLWT+RlIytM37kWutpYjD',
        '8QAhDAKCYSAMDIQQBMMgQGAIVRX65xW3005alrQy6pIoEo78FulGKJUamZHmEE3G6aII6Qye1RSnn43ETD1G',
        '75x+mu+e5Cf//RWXqtO499hebTHRwtnhtUUsFovFYrGqKUvFlEhJs1rUXCcilalFFJoToyNP0IpKQsN5gO6o',
        'sWi+fwdgoxQoxQEQRqCTNwdQQopAGkV0MOSJIvkvRIQiMC9EgCKwLkR8IjAuRHgisC1EdCIwLURsIrAsRNA3',
        'wUKZGaAKZ5iskGK3CCqkrduNFBLolgCFTPgLJyzAIDAh8/1CCQsvCEjIdL8fYaEL0gjbRw5j1d8nerhfWzpg',
        'z/hFrzuu4pDRpPjodZ7xi153XCqlCbNw+Gsto/p8aLcNA0LRYC2pQ/auVF2yGvJcaLcaRByyd6UknMfgp3zz',
        '6hJFMV/cJfEI3Q6ZQIg7dLrj8HfodAf2ZssXmYdKmPf63Whxu7+9Urvq2etjo3XtvjVu02Pd09OZy8v46cyF',
        'cJzbgVEF',
      ].join(''),
      'base64',
    ),
  },
  {
    of: 'that was streamed',
    text: LINES,
    frame: Buffer.from(
      [
        'KLUv/QRYrAUAkgkXEsAlHSBQ2ua/XCmllCmlfsXhsAIpwfz1039f4zs+53HmlonGPsv1feViOy3rtIM6V7tG',
        '7UvFk3fe2LKGPQ5ziDSfy8iiE22O//isVZaCIQoBlEEEBjEEoAwCKQFaqEGEvn8HoKMUPBBGJMQey2yMrsZn',
        'qJagWNgEXSqLcutECEiQO2rbKAL/Sr0y+W7wKIbeeV2juW23NbUNsllg512Ntm5FM6w64n8/XWK3z+NHjwO/',
        'CmUIAOMKFUeOwcHBwcHBwbu68Y06+7XicRznyKx2Yz+rrcg6TpsaxrObrVo0xatrnYrlUXU0aPQiIzIOzclM',
        '1BKR6Ab5jqzmNDUz/IzHOi5nxtzdRlR0C0AZAoCTqJCW12AzCpPCARAOnUtucEGKCkZRDIaRKIK+4BEKDi9I',
        'gAKhCxKfQOCChCcQtiDRCQQtSGwCIQsiaAVY0D6EI88JWYHU7hEqJNQ9KYVEuqehkBAO4QQiOBQTCN/QSiD2',
        'hkYCoRviCMTd0EbgFc7vQssekAS74LkHvG6D2FiDmqTYSt1Hpv7ZGuCInnVOKd8ULpHkAZiQJ3EHXghIshVa',
        'qvcZoEuaVrAUngQbTxA+AgFs8BQfnaMq',
      ].join(''),
      'base64',
    ),
  },
];

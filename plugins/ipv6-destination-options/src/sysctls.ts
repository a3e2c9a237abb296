// Sysctls of destination options.
import { optionsSysctls } from '@protoloom/contracts/ipv6';

export const sysctls = optionsSysctls('max_dst_opts_number', 'max_dst_opts_length');

// Sysctls of hop-by-hop options.
import { optionsSysctls } from '@protoloom/contracts/ipv6';

export const sysctls = optionsSysctls('max_hbh_opts_number', 'max_hbh_length');

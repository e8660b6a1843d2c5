// SPDX-License-Identifier: Apache-2.0

import CassIndex
import Testing

@Suite struct CanonicalTextTests {}

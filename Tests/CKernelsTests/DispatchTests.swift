// SPDX-License-Identifier: Apache-2.0
//
// The choice of a kernel table.

import CKernels
import Testing

@Suite struct DispatchTests {
    @Test func portableIsAlwaysThere() {
        #expect(KernelSet.portable.table.isa == CK_ISA_PORTABLE)
        #expect(KernelSet.portable.testDescription == "portable")
    }

    @Test func bestIsTheLastAvailable() {
        #expect(ck_kernels_best() == KernelSet.available.last?.pointer)
    }

    @Test func tablesLiveForEver() {
        for set in KernelSet.available {
            #expect(ck_kernels_for(set.table.isa) == set.pointer)
        }
    }

    @Test func unknownSetsHaveNone() {
        #expect(ck_kernels_for(ck_isa(99)) == nil)
    }

    @Test func packedWeightsAreTheSameForAll() {
        for set in KernelSet.available {
            #expect(set.table.layout_version == KernelSet.portable.table.layout_version)
            #expect(set.table.precisions & 1 == 1, "f32 is native everywhere")
            for precision in Precision.allCases {
                let size = KernelSet.portable.table.packed_size(precision.value, 33, 65)
                #expect(set.table.packed_size(precision.value, 33, 65) == size)
                #expect(size % 64 == 0)
            }
        }
    }
}

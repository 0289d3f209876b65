// SPDX-License-Identifier: MIT
#pragma once

unsigned library_work(unsigned rounds);

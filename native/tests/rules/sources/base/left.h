#pragma once

#include "base/right.h"

#pragma once

#include "base/left.h"

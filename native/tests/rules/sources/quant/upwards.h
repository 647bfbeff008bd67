#pragma once

#include "train/low.h"

#pragma once

#include "model/whole.h"

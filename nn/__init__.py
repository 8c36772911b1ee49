from .layers import *
from .module import Module

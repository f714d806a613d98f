mod support; mod pgwire;

"""`python -m tb_neuromapper` is `tb-neuromapper`."""

from tb_neuromapper.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

package comparison

import "context"

func (j *Job) figures(ctx context.Context, results *Results, fits []*Fit, d *Data) error { return nil }

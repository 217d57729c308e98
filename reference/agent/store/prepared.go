package store

import (
	"context"
	"database/sql"
	"sync"
)

// prepared are the statements of this package, each of which SQLite parses once. They
// are prepared after the transaction in which they were used first: in a transaction
// there is no connection to prepare them on.
type prepared struct {
	mu     sync.Mutex
	ready  map[string]*sql.Stmt // nil before init
	wanted []string
}

func (p *prepared) init() { p.ready = make(map[string]*sql.Stmt) }

// find returns the statement for a query, nil if it is not prepared yet.
func (p *prepared) find(query string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.ready[query]; s != nil || p.ready == nil {
		return s
	}
	p.wanted = append(p.wanted, query)
	return nil
}

// prepare prepares the statements that were looked for in vain. One that fails is looked
// for again.
func (p *prepared) prepare(ctx context.Context, db *sql.DB) {
	p.mu.Lock()
	wanted := p.wanted
	p.wanted = nil
	p.mu.Unlock()
	for _, query := range wanted {
		s, err := db.PrepareContext(ctx, query)
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.ready[query] == nil {
			p.ready[query], s = s, nil
		}
		p.mu.Unlock()
		if s != nil {
			_ = s.Close() // it was prepared twice at the same time
		}
	}
}

func (tx *Tx) execute(query string, args []any) (sql.Result, error) {
	if s := tx.prepared.find(query); s != nil {
		return tx.SQL.StmtContext(tx.ctx, s).ExecContext(tx.ctx, args...)
	}
	return tx.SQL.ExecContext(tx.ctx, query, args...)
}

func (tx *Tx) queryRow(query string, args []any) *sql.Row {
	if s := tx.prepared.find(query); s != nil {
		return tx.SQL.StmtContext(tx.ctx, s).QueryRowContext(tx.ctx, args...)
	}
	return tx.SQL.QueryRowContext(tx.ctx, query, args...)
}

func (tx *Tx) query(query string, args []any) (*sql.Rows, error) {
	if s := tx.prepared.find(query); s != nil {
		return tx.SQL.StmtContext(tx.ctx, s).QueryContext(tx.ctx, args...)
	}
	return tx.SQL.QueryContext(tx.ctx, query, args...)
}
